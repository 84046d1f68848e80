// expect: what on_workers() returns is moved: return a value
#include <orrery/orrery.h>

orrery::Task<> converse(orrery::Session& client, const std::string& words) {
  const auto same = [&words]() -> const std::string& { return words; };
  client.send(co_await client.on_workers(same));
}
