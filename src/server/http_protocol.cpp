#include "server/http_protocol.h"

#include <fmt/format.h>

#include "base/exceptions.h"
#include "http/response_writer.h"
#include "observe/redact.h"
#include "server/admitting.h"
#include "server/file_task.h"
#include "server/loop_server.h"
#include "server/request_data.h"
#include "websocket/handshake.h"

namespace orrery::server {

namespace {

// How long a peer may take to see our last bytes before we break the connection.
constexpr milliseconds linger = 2s;
constexpr milliseconds write_timeout = 30s;
constexpr int requests_per_turn = 100;
constexpr std::size_t told_origin = 200;  // bytes of a refused one, in the log

http::HeadLimits head_limits(const HttpLimits& limits) {
  return {limits.head_bytes, limits.header_count, limits.body_bytes};
}

}  // namespace

HttpProtocol::HttpProtocol(Connection& connection)
    : connection_(connection), reader_(head_limits(connection.server().rules().http_limits)) {}

void HttpProtocol::start() {
  wait_for(Waiting::first_head);
}

void HttpProtocol::wait_for(Waiting what) {
  const HttpLimits& limits = server().rules().http_limits;
  waiting_ = what;
  const milliseconds allowed = what == Waiting::next_request ? limits.idle
                               : what == Waiting::body       ? limits.body_timeout
                               : what == Waiting::answer     ? write_timeout
                               : what == Waiting::admission
                                   ? admitting_->route.limits.admission_timeout
                                   : limits.handshake_timeout;
  deadline_ = server().loop().now() + allowed;
  connection_.wake_by(deadline_);
}

Progress HttpProtocol::on_bytes(std::span<char>& bytes) {
  for (int budget = requests_per_turn; budget > 0; --budget) {
    const http::RequestReader::Event event = reader_.next(bytes);
    if (std::holds_alternative<http::NeedMore>(event)) {
      if (waiting_ == Waiting::next_request && reader_.started()) wait_for(Waiting::head);
      return Progress::hungry;
    }
    if (const auto* fault = std::get_if<http::Fault>(&event)) {
      give_up(fault->status, fault->reason);
      return Progress::hungry;
    }
    if (std::holds_alternative<http::HeadArrived>(event)) {
      if (on_head() == Step::go_on) continue;
      if (!found_ || connection_.finishing()) return Progress::hungry;
      return upgrade(std::move(*found_));
    }
    if (on_request() == Step::stop)
      return connection_.finishing() ? Progress::hungry : Progress::paused;
  }
  return Progress::later;
}

// The head is whole: what can be decided before the body is.
HttpProtocol::Step HttpProtocol::on_head() {
  const http::RequestHead& head = reader_.head();
  last_request_ = head.headers.count("Upgrade") > 0;
  found_ = look_up();
  if (last_request_ && !found_) {
    refuse(Response::text("there is nothing here\n", 404), "no route");
    return Step::stop;
  }
  if (websocket::wants_upgrade(head) && found_->entry->websocket) return Step::stop;
  if (reader_.expects_continue()) connection_.write("HTTP/1.1 100 Continue\r\n\r\n");
  wait_for(Waiting::body);
  return Step::go_on;
}

std::optional<RouteTable::Found> HttpProtocol::look_up() {
  const http::Target& target = *reader_.target();
  const std::string_view host = target.authority.empty()
                                    ? reader_.head().headers.find("Host").value_or("")
                                    : target.authority;
  return server().rules().routes->find(host, target.raw_path);
}

ClientSeen HttpProtocol::client_seen() {
  return client_of(reader_.head(), connection_.stream(), server().rules().trusted);
}

// The body is whole too: the answer, or the beginning of one that takes longer.
HttpProtocol::Step HttpProtocol::on_request() {
  wait_for(Waiting::answer);
  const bool options_for_all =
      reader_.head().method == "OPTIONS" && reader_.target()->raw_path == "*";
  if (!server().node().options.serve_http)
    respond_error(
        426, "this server speaks WebSocket only",
        {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"}});
  else if (options_for_all)
    respond({204, {}, {}});
  else if (!found_)
    respond_error(404, "there is nothing here");
  else
    answer_plain(std::move(*found_));
  if (file_) {
    connection_.pause();
    return Step::stop;
  }
  answered();
  return connection_.finishing() || waits_for_reader_ ? Step::stop : Step::go_on;
}

void HttpProtocol::answer_plain(RouteTable::Found found) {
  const PathEntry& entry = *found.entry;
  const std::string_view method = reader_.head().method;
  const bool reads = method == "GET" || method == "HEAD";
  if (const PlainEntry* plain = entry.handler_of(method))
    return guarded(*plain, [&] { run_handler(*plain->spec, std::move(found.params)); });
  if (entry.files && reads)
    return guarded(*entry.files, [&] { send_file(entry, std::move(found.params)); });
  if (method == "OPTIONS") return respond({204, {{"Allow", entry.allow}}, {}});
  if (entry.websocket && reads) {
    const auto answer = websocket::check_upgrade(reader_.head(), reader_.has_body());
    const auto& refusal = std::get<websocket::Refusal>(answer);
    return respond_error(refusal.status, refusal.reason, refusal.headers);
  }
  respond_error(405, "this path does not take " + std::string(method), {{"Allow", entry.allow}});
}

void HttpProtocol::run_handler(const RouteSpec& spec, std::vector<http::PathParam> params) {
  Request request = make_request(reader_.head(), *reader_.target(), reader_.body(),
                                 std::move(params), connection_.stream(), client_seen());
  Exchange exchange(request);
  if (const auto halted = run_plugs(spec, exchange)) return respond(*halted, exchange.headers);
  respond(spec.handler(request), exchange.headers);
}

// An exception in a handler or a plug costs exactly this request.
template <typename Call>
void HttpProtocol::guarded(const PlainEntry& plain, Call&& call) {
  const RouteSpec& spec = *plain.spec;
  try {
    const pools::Holding::Callback held(server().holding(), plain.origin);
    call();
  } catch (...) {
    const std::string what = what_of(std::current_exception());
    server().log().error(
        "a handler threw",
        {{"gear", spec.scope.gear}, {"route", spec.path}, {"what", observe::quoted(what)}});
    respond_error(500, "something went wrong here");
  }
}

bool HttpProtocol::closes() const {
  return last_request_ || !reader_.keep_alive() || connection_.server().draining();
}

void HttpProtocol::respond(const Response& response, const HeaderList& more) {
  std::vector<http::Header> headers;
  for (const auto& [name, value] : more) headers.push_back({name, value});
  for (const auto& [name, value] : response.headers) headers.push_back({name, value});
  std::string out;
  const auto left_out = http::append_response(out, response.status, headers, response.body,
                                              {.keep_alive = !closes(),
                                               .head_only = reader_.head().method == "HEAD",
                                               .minor_version = reader_.head().minor_version,
                                               .date = server().loop().clock().calendar()});
  for (const auto& name : left_out)
    server().log().warn("a response header was left out", {{"name", observe::quoted(name)}});
  connection_.write(out);
}

// What can't be understood, whatever it was going to be, is refused like a handshake.
void HttpProtocol::give_up(int status, std::string_view why) {
  last_request_ = true;
  respond_error(status, why);
  note_refused("request refused", status, why);
  connection_.finish(linger);
}

void HttpProtocol::note_refused(std::string_view event, int status, std::string_view why) {
  const auto& target = reader_.target();
  const auto path = target ? target->raw_path : std::string_view{};
  std::string remote = target ? client_seen().address : std::string{};
  if (remote.empty()) remote = connection_.stream().peer().address;
  observe::Log& log = server().log();
  const auto origin = reader_.head().headers.find("Origin").value_or("");
  const observe::LogField fields[] = {{"status", status},
                                      {"cause", why},
                                      {"path", observe::quoted(path)},
                                      {"remote", remote},
                                      {"origin", observe::quoted(origin.substr(0, told_origin))}};
  const observe::LogFields told(fields);
  log.write(observe::Level::info, event, why == refused_origin ? told : told.first(4));
  if (!target || target->query.empty() || !log.wants(observe::Level::debug)) return;
  const auto query =
      observe::redact("?" + std::string(target->query), server().node().options.redacted);
  log.debug("the refused query", {{"query", observe::quoted(query)}, {"remote", remote}});
}

void HttpProtocol::respond_error(int status, std::string_view sentence, const HeaderList& more) {
  respond(Response::text(fmt::format("{} {}: {}\n", status, http::reason_phrase(status), sentence),
                         status),
          more);
}

// One answer is written: the connection ends, or is ready for the next request.
void HttpProtocol::answered() {
  if (closes()) return connection_.finish(linger);
  reader_.reset();
  found_.reset();
  wait_for(Waiting::next_request);
  if (connection_.queued_bytes() <= queued_limit_bytes) return;
  connection_.write_early();
  if (connection_.blocked()) on_blocked();
  if (connection_.queued_bytes() <= queued_limit_bytes) return;
  waits_for_reader_ = true;
  connection_.pause();
}

void HttpProtocol::on_blocked() {
  connection_.wake_by(connection_.progressed() + write_timeout);
}

void HttpProtocol::on_flushed() {
  if (file_ && file_->left_bytes > 0) return read_file();
  if (file_) return;  // it is still being opened: what left was the answer before it
  if (waiting_ == Waiting::next_request) wait_for(Waiting::next_request);  // idle from here on
  if (!std::exchange(waits_for_reader_, false)) return;
  connection_.resume();
}

// The peer said its last word; what it asked is still answered.
// Whoever broke off gets no session, whatever a worker still says.
void HttpProtocol::on_end(int error) {
  if (error != 0) return admitting_.reset();
  if (!file_ && !waits_for_reader_ && !admitting_) connection_.finish(linger);
}

void HttpProtocol::on_timer(Time now) {
  const bool blocked = connection_.blocked();
  if (blocked && now >= connection_.progressed() + write_timeout) return connection_.abort();
  if (blocked) on_blocked();
  if (now < deadline_) return connection_.wake_by(deadline_);
  if (waiting_ == Waiting::admission) {
    const auto admitting = std::move(admitting_);
    (void)refuse(*admitting, Response::text("admission took too long\n", 503), "admission timeout");
    return;
  }
  if (waiting_ == Waiting::answer || (blocked && waiting_ == Waiting::next_request))
    return wait_for(waiting_);
  const bool incomplete = waiting_ == Waiting::head || waiting_ == Waiting::body ||
                          (waiting_ == Waiting::first_head && reader_.started());
  if (incomplete) return give_up(408, "the request took too long");
  connection_.finish(linger);
}

void HttpProtocol::on_stop() {
  if (waiting_ == Waiting::next_request || waiting_ == Waiting::first_head)
    connection_.finish(linger);
}

}  // namespace orrery::server
