// expect: on_workers() takes a plain function: a worker runs it to its end, so it can't wait
#include <orrery/orrery.h>

orrery::Task<int> compute(orrery::Session& client) {
  co_await client.drained();
  co_return 1;
}

orrery::Task<> converse(orrery::Session& client) {
  const int answer = co_await client.on_workers([&client] { return compute(client); });
  client.send(std::to_string(answer));
}
