// HttpProtocol: HTTP/1.1 on one connection. It answers plain requests in order, and hands the
// connection to a Session when one of them is an opening handshake that everybody agrees to.
//
// Owner   its Connection.
// Thread  the connection's loop; files are read elsewhere (Jobs).
// Limit   HttpLimits. Requests that wait behind an answer are not read: one at a time. Answers that
//         wait for a slow reader: at most `queued_limit_bytes` and one answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/request_reader.h"
#include "orrery/handshake.h"
#include "pools/pool.h"
#include "server/connection.h"
#include "server/protocol.h"
#include "server/request_data.h"
#include "server/route_table.h"
#include "websocket/handshake.h"

namespace orrery::server {

struct Admitting;
struct FileTask;

class HttpProtocol final : public Protocol, private detail::AdmissionHost {
 public:
  static constexpr std::size_t queued_limit_bytes = 256 * 1024;

  explicit HttpProtocol(Connection& connection);
  ~HttpProtocol() override;

  void start() override;
  Progress on_bytes(std::span<char>& bytes) override;
  void on_blocked() override;
  void on_flushed() override;
  void on_end(int error) override;
  void on_timer(Time now) override;
  void on_stop() override;
  void on_again() override;
  void on_gone() override;

  /// On the loop, when a worker has done an admission's job.
  void work_returned();

 private:
  /// What the deadline that runs is for.
  enum class Waiting : std::uint8_t { first_head, next_request, head, body, answer, admission };
  enum class Step : std::uint8_t { go_on, stop };

  [[nodiscard]] LoopServer& server() { return connection_.server(); }
  void wait_for(Waiting what);
  [[nodiscard]] ClientSeen client_seen();
  [[nodiscard]] std::optional<RouteTable::Found> look_up();

  // upgrade.cpp
  Progress upgrade(RouteTable::Found found);
  [[nodiscard]] pools::Pool* pool_of(const RouteSpec& spec, const Request& request);
  Progress admit(std::unique_ptr<Admitting> admitting);
  Progress settle(Admitting& admitting, detail::Opening opening);
  [[nodiscard]] bool count_address(Admitting& admitting);
  Progress open_session(Admitting& admitting, detail::Opened opened);
  void write_101(const Admitting& admitting, std::string_view subprotocol);
  static void destroy(const Admitting& admitting, const detail::Opened& opened);
  Progress refuse(Response response, std::string_view why);
  Progress refuse(Admitting& admitting, Response response, std::string_view why);
  Progress threw(const RouteSpec& spec, const std::exception_ptr& thrown);
  [[nodiscard]] std::optional<Response> run_plugs(const RouteSpec& spec, Exchange& exchange);

  // admitting.cpp
  Progress admit_later(std::unique_ptr<Admitting> admitting);
  Progress go_on_admitting();
  void work(std::coroutine_handle<> waiter, std::function<void()> job) override;

  // http_protocol.cpp
  Step on_head();
  Step on_request();
  void answer_plain(RouteTable::Found found);
  template <typename Call>
  void guarded(const PlainEntry& plain, Call&& call);
  void run_handler(const RouteSpec& spec, std::vector<http::PathParam> params);
  void respond(const Response& response, const HeaderList& more = {});
  void respond_error(int status, std::string_view sentence, const HeaderList& more = {});
  void give_up(int status, std::string_view why);
  void note_refused(std::string_view event, int status, std::string_view why);
  static constexpr std::string_view refused_origin = "origin";
  void answered();
  [[nodiscard]] bool closes() const;

  // file_reply.cpp
  void send_file(const PathEntry& entry, std::vector<http::PathParam> params);
  void file_answered();
  void file_opened();
  void read_file();
  void file_read();
  template <typename Work>
  void run_job(Work work, void (HttpProtocol::*done)());

  Connection& connection_;
  http::RequestReader reader_;
  std::optional<RouteTable::Found> found_;  // its route
  std::shared_ptr<FileTask> file_;          // while a file is being sent
  std::unique_ptr<Admitting> admitting_;    // while an admission waits
  Time deadline_{};
  Waiting waiting_ = Waiting::first_head;
  bool last_request_ = false;      // it asked to upgrade, or was broken: no other follows
  bool waits_for_reader_ = false;  // paused until the outbox is empty
};

}  // namespace orrery::server
