#include "testing/line.h"

#include <stdexcept>
#include <utility>
#include <variant>

#include "testing/world.h"
#include "websocket/encoder.h"
#include "websocket/extensions.h"

namespace orrery::testing_detail {
namespace {

constexpr std::uint64_t any_size = std::uint64_t{1} << 40;
const std::size_t window_bytes = net::MemoryOptions{}.window_bytes;

[[noreturn]] void fault_of_server(const std::string& what) {
  throw std::logic_error("the server broke the protocol: " + what);
}

}  // namespace

std::string request_bytes(std::string_view method, std::string_view target, HeaderList ours,
                          const TestRequest& with) {
  if (!with.body.empty()) ours.emplace_back("Content-Length", std::to_string(with.body.size()));
  std::erase_if(ours, [&](const auto& header) {
    for (const auto& [name, value] : with.headers)
      if (http::same_name(name, header.first)) return true;
    return false;
  });
  ours.insert(ours.end(), with.headers.begin(), with.headers.end());
  std::string bytes;
  bytes.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  for (const auto& [name, value] : ours) bytes += name + ": " + value + "\r\n";
  return bytes + "\r\n" + with.body;
}

Line::Line(std::weak_ptr<World> of_world, net::MemoryEnd its_end)
    : world(std::move(of_world)),
      end(std::move(its_end)),
      reader_(
          http::HeadLimits{.head_bytes = 1 << 20, .header_count = 1000, .body_bytes = any_size}) {}

void Line::ask(std::string_view method, std::string_view target, const TestRequest& with) {
  reader_.reset(method == "HEAD" ? http::ResponseReader::To::head : http::ResponseReader::To::get);
  sends(request_bytes(method, target, {{"Host", "test"}}, with));
}

void Line::shake_hands(std::string_view target, const TestRequest& with) {
  asked_for_session_ = true;
  asked_.key = websocket::make_key(world.lock()->random);
  asked_.protocols = with.subprotocols;
  HeaderList headers{{"Host", "test"},
                     {"Upgrade", "websocket"},
                     {"Connection", "Upgrade"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", asked_.key}};
  std::string protocols;
  for (const auto& name : with.subprotocols) protocols += (protocols.empty() ? "" : ", ") + name;
  if (!protocols.empty()) headers.emplace_back("Sec-WebSocket-Protocol", protocols);
  if (with.compression) {
    asked_.compression = websocket::DeflateParams{};
    headers.emplace_back("Sec-WebSocket-Extensions", websocket::offer_value(*asked_.compression));
  }
  for (const auto& [name, value] : with.headers)
    if (http::same_name(name, "Sec-WebSocket-Key")) asked_.key = value;
  sends(request_bytes(with.method, target, std::move(headers), with));
}

bool Line::open() const {
  return endpoint_ && !closed && !said_close_ && !gone_;
}

void Line::require_connection(const char* doing) const {
  if (!gone_ && !end.closed() && !world.expired()) return;
  throw std::logic_error(std::string(doing) + ": this client's connection has ended");
}

void Line::send_frame(const char* doing, websocket::Opcode opcode, std::string_view payload) {
  require_connection(doing);
  if (!open())
    throw std::logic_error(std::string(doing) + ": this client's session is not open (status " +
                           std::to_string(answer.status) + ")");
  write_frame(opcode, payload);
  settle();
}

void Line::write_frame(websocket::Opcode opcode, std::string_view payload) {
  websocket::FrameForm form;
  std::string compressed;
  if (endpoint_->deflate() != nullptr && !websocket::is_control(opcode)) {
    compressed = endpoint_->deflate()->compress(payload);
    payload = compressed;
    form.compressed = true;
  }
  const auto of_world = world.lock();
  if (!of_world) return;
  form.mask = websocket::fresh_mask(of_world->random);
  waiting_ += websocket::encode_frame(opcode, payload, form);
}

void Line::close(std::uint16_t code, std::string_view reason) {
  require_connection("closes");
  if (!open()) throw std::logic_error("closes: this client's session is not open");
  write_frame(websocket::Opcode::close, websocket::close_payload(code, reason));
  said_close_ = true;
  settle();
}

void Line::sends(std::string_view bytes) {
  require_connection("sends");
  waiting_ += bytes;
  settle();
}

void Line::vanish() {
  if (gone_) return;
  gone_ = true;
  if (endpoint_ && !closed) closed = TestClose{};
  end = net::MemoryEnd();
  settle();
}

void Line::lose_world() {
  on_end();
  endpoint_.reset();
}

void Line::read_again(bool reading) {
  reading_ = reading;
  end.set_window(reading ? window_bytes : 0);
  settle();
}

bool Line::take_message(websocket::Opcode type, std::string_view payload) {
  if (messages.empty() || messages.front().type != type) return false;
  if (messages.front().payload != payload) return false;
  messages.pop_front();
  return true;
}

void Line::settle() {
  if (const auto of_world = world.lock()) of_world->settle();
}

bool Line::react() {
  if (gone_) return false;
  const auto written = end.write(waiting_);
  waiting_.erase(0, written);
  bool any = written > 0;
  if (reading_ && end.readable() > 0) {
    auto bytes = end.read();
    take(bytes);
    any = true;
  }
  if (reading_ && end.closed()) {
    on_end();
    any = true;
  }
  return any;
}

void Line::take(std::span<char> bytes) {
  if (!endpoint_) take_answer(bytes);
  if (endpoint_) take_frames(bytes);
}

void Line::take_answer(std::span<char>& bytes) {
  const auto event = reader_.next(bytes);
  if (const auto* fault = std::get_if<http::Fault>(&event)) fault_of_server(fault->reason);
  if (std::holds_alternative<http::HeadArrived>(event)) {
    if (reader_.head().status == 101) return start_session();
    return take_answer(bytes);
  }
  if (std::holds_alternative<http::ResponseComplete>(event)) keep_answer();
}

void Line::keep_answer() {
  answer.status = reader_.head().status;
  answer.headers.clear();
  for (const auto& header : reader_.head().headers)
    answer.headers.emplace_back(header.name, header.value);
  answer.body = reader_.body();
}

void Line::start_session() {
  keep_answer();
  if (!asked_for_session_) fault_of_server("101 to a plain request");
  auto agreed = websocket::check_response(reader_.head(), asked_);
  if (!agreed) fault_of_server(agreed.error());
  subprotocol = agreed->protocol;
  std::unique_ptr<websocket::Deflate> deflate;
  if (agreed->compression)
    deflate = std::make_unique<websocket::Deflate>(world.lock()->deflate, websocket::Role::client,
                                                   *agreed->compression);
  endpoint_.emplace(websocket::Role::client, any_size, std::move(deflate));
}

void Line::take_frames(std::span<char>& bytes) {
  while (!bytes.empty()) {
    const auto event = endpoint_->next(bytes, world.lock()->clock.now());
    if (std::holds_alternative<websocket::NeedMore>(event)) return;
    on_event(event);
  }
}

void Line::on_event(const websocket::Event& event) {
  if (const auto* message = std::get_if<websocket::MessageArrived>(&event)) {
    messages.push_back({message->opcode, std::string(message->payload)});
  } else if (const auto* ping = std::get_if<websocket::PingArrived>(&event)) {
    ++pings;
    if (!said_close_) write_frame(websocket::Opcode::pong, ping->payload);  // §5.5.3
  } else if (std::holds_alternative<websocket::PongArrived>(event)) {
    ++pongs;
  } else if (const auto* close = std::get_if<websocket::CloseArrived>(&event)) {
    on_close_frame(*close);
  } else if (const auto* fault = std::get_if<websocket::Fault>(&event)) {
    fault_of_server(fault->reason);
  }
}

// The answer carries the code that came (§5.5.1); the server then ends the connection (§7.1.1).
void Line::on_close_frame(const websocket::CloseArrived& close) {
  constexpr std::uint16_t no_code = 1005;
  closed = TestClose{close.code != 0 ? close.code : no_code, std::string(close.reason)};
  if (std::exchange(said_close_, true)) return;
  write_frame(websocket::Opcode::close, websocket::close_payload(close.code, ""));
}

void Line::on_end() {
  gone_ = true;
  if (!endpoint_ && std::holds_alternative<http::ResponseComplete>(reader_.finish())) keep_answer();
  if (endpoint_ && !closed) closed = TestClose{};
  end = net::MemoryEnd();
}

}  // namespace orrery::testing_detail
