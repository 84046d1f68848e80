#include "cli/bench_session.h"

#include <fmt/format.h>

#include <utility>

#include "websocket/encoder.h"

namespace orrery::cli {
namespace {

std::unique_ptr<websocket::Deflate> deflate_for(Crew& crew, const websocket::Agreed& agreed) {
  if (!agreed.compression) return nullptr;
  return std::make_unique<websocket::Deflate>(crew.engine(), websocket::Role::client,
                                              *agreed.compression);
}

std::string closed_words(std::uint16_t code, const std::string& reason) {
  if (code == 0) return "closed by the server without a code";
  return fmt::format("closed by the server with {}{}{}", code, reason.empty() ? "" : " ", reason);
}

}  // namespace

void BenchSession::open() {
  dial(crew_.dialer());
}

void BenchSession::dial(Dialer& dialer) {
  auto stream = dialer.dial();
  if (!stream) return crew_.fail(stream.error());
  if (connection_) crew_.bury(std::move(connection_));
  closing_ = false;
  connection_ = std::make_unique<ClientConnection>(static_cast<ClientEvents&>(*this));
  connection_->open(*std::move(stream), crew_.plan().opening, crew_.random());
}

void BenchSession::on_opened(const websocket::Agreed& agreed) {
  if (crew_.plan().opening.compression && !agreed.compression)
    return crew_.fail(
        "the server does not compress: leave --deflate out, or let it "
        "(server.protocols.websocket.compression)");
  open_ = true;
  reader_ =
      std::make_unique<AnswerReader>(crew_.plan().payload, sender_, deflate_for(crew_, agreed));
  crew_.on_session_open();
}

void BenchSession::on_frames(std::span<char> bytes) {
  if (!reader_) return;
  const Reading reading = reader_->read(bytes);
  if (reading.wrong)
    return crew_.fail(fmt::format("session {} got what it should not: {}; is {} an {}?", sender_,
                                  reading.wrong, crew_.plan().options.client.url,
                                  crew_.plan().options.mode == BenchMode::fan_out
                                      ? "echo to a group, and nobody else in it"
                                      : "echo"));
  if (reading.pinged)
    connection_->write(crew_.press().frame(websocket::Opcode::pong, reading.pings));
  if (reading.messages > 0) on_answers(reading.messages, crew_.clock().now());
  if (reading.closed) on_close(reading);
}

// The answer to our own close, or an end that the server wants. It closes first (RFC 6455 §7.1.1),
// so no port of ours stays behind.
void BenchSession::on_close(const Reading& reading) {
  const bool wanted = closing_;
  if (!wanted) close(*reading.closed);
  connection_->finish_writing();
  if (std::exchange(open_, false))
    crew_.on_session_end(true, wanted ? "" : closed_words(*reading.closed, reading.reason), slow());
}

void BenchSession::close(std::uint16_t code) {
  if (std::exchange(closing_, true)) return;
  const std::string payload = websocket::close_payload(code, "");
  connection_->write(crew_.press().frame(websocket::Opcode::close, payload));
}

void BenchSession::cut() {
  if (connection_) connection_->abort();
  if (std::exchange(open_, false)) crew_.on_session_end(true, "", slow());
}

void BenchSession::on_ended(const Ending& ending) {
  if (!ending.opened) return crew_.fail(ending.text);
  if (std::exchange(open_, false)) crew_.on_session_end(true, closing_ ? "" : ending.text, slow());
}

void BenchSession::say_goodbye() {
  if (open_) close(1000);
}

}  // namespace orrery::cli
