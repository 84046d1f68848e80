#include <utility>

#include "orrery/testing.h"
#include "server/loop_server.h"
#include "testing/line.h"
#include "testing/world.h"

namespace orrery {

TestServer::TestServer(const std::function<void(Router&)>& routes, ServerOptions options)
    : world_(std::make_shared<testing_detail::World>(routes, std::move(options))) {}

TestServer::~TestServer() = default;

TestClient TestServer::connect(std::string_view target, TestRequest with) {
  auto line = world_->dial(with);
  line->shake_hands(target, with);
  return TestClient(std::move(line));
}

Response TestServer::get(std::string_view target, TestRequest with) {
  return request("GET", target, std::move(with));
}

Response TestServer::request(std::string_view method, std::string_view target, TestRequest with) {
  const auto line = world_->dial(with);
  line->ask(method, target, with);
  auto answer = std::move(line->answer);
  line->vanish();
  return answer;
}

void TestServer::advance(std::chrono::milliseconds by) {
  world_->advance(by);
}
void TestServer::stop() {
  world_->server->drain(0ms, 0ms);
  world_->settle();
}
std::size_t TestServer::sessions() const {
  return world_->server->sessions();
}
const std::vector<std::string>& TestServer::log() const {
  return world_->log.lines();
}

}  // namespace orrery
