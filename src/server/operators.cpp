#include "server/operators.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <optional>

#include "base/function.h"
#include "server/loop_server.h"
#include "server/node.h"
#include "server/session.h"
#include "websocket/utf8.h"

namespace orrery::server {

namespace {

constexpr auto patience = 250ms;  // a probe of the admin listener waits meanwhile
constexpr std::uint32_t slots_per_turn = 1024;
constexpr std::size_t close_reason_bytes = 123;  // RFC 6455 §5.5

// What a loop promised; nothing if it is gone, or held for too long.
template <typename Answer>
std::optional<Answer> wait_for(std::future<Answer>& answer,
                               std::chrono::steady_clock::time_point deadline) {
  if (answer.wait_until(deadline) != std::future_status::ready) return std::nullopt;
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return std::nullopt;
  }
}

// All sessions of one loop, some in each turn.
class Walk {
 public:
  Walk(LoopServer& server, const SessionQuery& query) : server_(server), query_(query) {}

  [[nodiscard]] std::future<SessionList> answer() { return done_.get_future(); }

  static void run(std::unique_ptr<Walk> walk) {
    if (walk->goes_on())
      walk->server_.loop().post([next = std::move(walk)]() mutable { run(std::move(next)); });
  }
  void run_to_end() {
    while (goes_on()) {
    }
  }

 private:
  bool goes_on() {
    const auto look = [this](const Session& session) { look_at(session); };
    if (server_.some_sessions(next_, slots_per_turn, look)) return true;
    done_.set_value(std::move(found_));
    return false;
  }

  void look_at(const Session& session) {
    const bool asked_for = session.is_open() && matches(query_.gear, session.route().scope.gear) &&
                           matches(query_.pool, session.pool().name());
    if (!asked_for) return;
    const bool all_match = query_.name.empty() && query_.group.empty() && query_.text.empty();
    if (all_match && found_.matching >= query_.limit) {
      ++found_.matching;
      return;
    }
    SessionInfo info = session.info();
    if (!is_among(query_.name, info.names) || !is_among(query_.group, info.groups)) return;
    if (!shows_text(info)) return;
    if (++found_.matching <= query_.limit) found_.sessions.push_back(std::move(info));
  }

  [[nodiscard]] static bool matches(std::string_view wish, std::string_view is) {
    return wish.empty() || wish == is;
  }
  [[nodiscard]] static bool is_among(const std::string& wish, const std::vector<std::string>& all) {
    return wish.empty() || std::ranges::find(all, wish) != all.end();
  }
  [[nodiscard]] bool shows_text(const SessionInfo& info) const {
    const auto has = [this](std::string_view text) {
      return text.find(query_.text) != std::string_view::npos;
    };
    return has(info.id) || has(info.target) || has(info.subprotocol) || has(info.remote_address);
  }

  LoopServer& server_;
  const SessionQuery query_;
  std::uint32_t next_ = 0;  // slot
  SessionList found_{};
  std::promise<SessionList> done_{};
};

std::future<SessionList> walk(LoopServer& server, const SessionQuery& query) {
  auto walk = std::make_unique<Walk>(server, query);
  auto answer = walk->answer();
  if (server.loop().runs_here())
    walk->run_to_end();
  else
    server.loop().post([begun = std::move(walk)]() mutable { Walk::run(std::move(begun)); });
  return answer;
}

struct Place {
  LoopServer& server;
  SlotId session;
};

// Where the session with an Address::id() would be; nothing for what is no such id.
std::optional<Place> place_of(const Node& node, std::string_view id) {
  std::uint32_t parts[3]{};
  const char* at = id.data();
  const char* const end = at + id.size();
  for (std::uint32_t& part : parts) {
    if (&part != parts && (at == end || *at++ != '.')) return std::nullopt;
    const auto [behind, error] = std::from_chars(at, end, part);
    if (error != std::errc{}) return std::nullopt;
    at = behind;
  }
  if (at != end || parts[0] >= node.loops.size()) return std::nullopt;
  return Place{*node.loops[parts[0]], {parts[1], parts[2]}};
}

// Does something to an open session, on its loop.
Asked with_session(const Node& node, std::string_view id, Function<Asked(Session&)> act) {
  const auto place = place_of(node, id);
  if (!place) return Asked::no_such_session;
  auto done = std::make_unique<std::promise<Asked>>();
  auto answer = done->get_future();
  auto job = [at = *place, promise = std::move(done), call = std::move(act)]() mutable {
    Session* const session = at.server.session(at.session);
    const bool open = session && session->is_open();
    promise->set_value(open ? call(*session) : Asked::no_such_session);
  };
  if (place->server.loop().runs_here())
    job();
  else
    place->server.loop().post(std::move(job));
  return wait_for(answer, std::chrono::steady_clock::now() + patience).value_or(Asked::no_answer);
}

// What an operator has done must be found later, whatever the log leaves out.
void log_asked(Session& session, std::string_view what, std::string_view id,
               std::string_view asked_by) {
  session.server().log().warn(what, {{"session", id},
                                     {"gear", session.route().scope.gear},
                                     {"route", session.route().path},
                                     {"asked_by", observe::quoted(asked_by)}});
}

}  // namespace

SessionList list_sessions(const Node& node, const SessionQuery& query) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::future<SessionList>> answers;
  for (const auto& loop : node.loops) answers.push_back(walk(*loop, query));
  SessionList all;
  for (auto& answer : answers) {
    auto some = wait_for(answer, deadline);
    all.complete = all.complete && some.has_value();
    if (!some) continue;
    all.matching += some->matching;
    std::ranges::move(some->sessions, std::back_inserter(all.sessions));
  }
  if (all.sessions.size() > query.limit) all.sessions.resize(query.limit);
  return all;
}

Asked kick(const Node& node, std::string_view id, std::string_view asked_by,
           std::string_view reason) {
  const bool sendable = reason.size() <= close_reason_bytes && websocket::is_utf8(reason);
  return with_session(node, id,
                      [id = std::string(id), by = std::string(asked_by),
                       said = std::string(sendable ? reason : "kicked")](Session& session) {
                        log_asked(session, "session kicked", id, by);
                        actor::Receiver& loop = session.server();
                        loop.close(session.id(), {CloseCause::Kind::kicked, 4002, said});
                        return Asked::done;
                      });
}

Asked tap(const Node& node, std::string_view id, std::weak_ptr<FrameTap> tap,
          std::string_view asked_by) {
  return with_session(
      node, id,
      [id = std::string(id), by = std::string(asked_by), tap = std::move(tap)](Session& session) {
        if (!session.server().taps().add(session.id(), tap)) return Asked::too_many;
        session.tapped();
        log_asked(session, "session tapped", id, by);
        return Asked::done;
      });
}

}  // namespace orrery::server
