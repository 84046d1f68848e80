#include <stdexcept>
#include <utility>

#include "orrery/testing.h"
#include "testing/line.h"
#include "testing/world.h"

namespace orrery {

using websocket::Opcode;

TestClient::TestClient(std::shared_ptr<testing_detail::Line> line) : line_(std::move(line)) {}
TestClient::TestClient(TestClient&&) noexcept = default;

TestClient& TestClient::operator=(TestClient&& other) noexcept {
  std::swap(line_, other.line_);
  return *this;
}

TestClient::~TestClient() {
  if (!line_) return;
  try {
    line_->vanish();
  } catch (const std::logic_error&) {  // what the server does wrong now, no test asks any more
  }
}

int TestClient::status() const {
  return line_->answer.status;
}
const Response& TestClient::answer() const {
  return line_->answer;
}
std::string TestClient::subprotocol() const {
  return line_->subprotocol;
}

void TestClient::says(std::string_view text) {
  line_->send_frame("says", Opcode::text, text);
}
void TestClient::says_binary(std::string_view bytes) {
  line_->send_frame("says_binary", Opcode::binary, bytes);
}
void TestClient::pings(std::string_view payload) {
  line_->send_frame("pings", Opcode::ping, payload);
}
void TestClient::closes(std::uint16_t code, std::string_view reason) {
  line_->close(code, reason);
}
void TestClient::sends_raw(std::string_view bytes) {
  line_->sends(bytes);
}
void TestClient::vanishes() {
  line_->vanish();
}
void TestClient::stops_reading() {
  line_->read_again(false);
}
void TestClient::reads_again() {
  line_->read_again(true);
}

bool TestClient::hears(std::string_view text) {
  return line_->take_message(Opcode::text, text);
}
bool TestClient::hears_binary(std::string_view bytes) {
  return line_->take_message(Opcode::binary, bytes);
}

std::optional<std::string> TestClient::next() {
  if (line_->messages.empty()) return std::nullopt;
  auto message = std::move(line_->messages.front().payload);
  line_->messages.pop_front();
  return message;
}

bool TestClient::hears_nothing() const {
  return line_->messages.empty();
}
std::size_t TestClient::pings_heard() const {
  return line_->pings;
}
std::size_t TestClient::pongs_heard() const {
  return line_->pongs;
}

std::optional<TestClose> TestClient::closed() const {
  return line_->closed;
}

}  // namespace orrery
