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
#include "http/url.h"
#include "orrery/handshake.h"
#include "server/connection.h"
#include "server/protocol.h"
#include "server/route_table.h"
#include "websocket/handshake.h"

namespace orrery::server {

struct FileTask;

class HttpProtocol final : public Protocol {
 public:
  static constexpr std::size_t queued_limit_bytes = 256 * 1024;

  explicit HttpProtocol(Connection& connection);

  void start() override;
  Progress on_bytes(std::span<char>& bytes) override;
  void on_blocked() override;
  void on_flushed() override;
  void on_end(int error) override;
  void on_timer(Time now) override;
  void on_stop() override;
  void on_gone() override {}

 private:
  /// What the deadline that runs is for.
  enum class Waiting : std::uint8_t { first_head, next_request, head, body, answer };
  enum class Step : std::uint8_t { go_on, stop };

  [[nodiscard]] LoopServer& server() { return connection_.server(); }
  void wait_for(Waiting what);
  [[nodiscard]] std::optional<RouteTable::Found> look_up();

  // upgrade.cpp
  Progress upgrade(RouteTable::Found found);
  Progress admit(const WebsocketEntry& route, const websocket::Upgrade& upgrade, Request request);
  Progress open_session(const WebsocketEntry& route, const websocket::Upgrade& upgrade,
                        detail::Opened opened, Handshake& handshake);
  Progress refuse(Response response, std::string_view why);
  [[nodiscard]] std::optional<Response> run_plugs(const RouteSpec& spec, Exchange& exchange);

  // http_protocol.cpp
  Step on_head();
  Step on_request();
  void answer_plain(RouteTable::Found found);
  template <typename Call>
  void guarded(const RouteSpec& spec, Call&& call);
  void run_handler(const RouteSpec& spec, std::vector<http::PathParam> params);
  void respond(const Response& response, const HeaderList& more = {});
  void respond_error(int status, std::string_view sentence, const HeaderList& more = {});
  void give_up(int status, std::string_view why);
  void note_refused(std::string_view event, int status, std::string_view why);
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
  std::optional<http::Target> target_;      // of the request that is being read or answered
  std::optional<RouteTable::Found> found_;  // its route
  std::shared_ptr<FileTask> file_;          // while a file is being sent
  Time deadline_{};
  Waiting waiting_ = Waiting::first_head;
  bool last_request_ = false;      // it asked to upgrade, or was broken: no other follows
  bool waits_for_reader_ = false;  // paused until the outbox is empty
};

}  // namespace orrery::server
