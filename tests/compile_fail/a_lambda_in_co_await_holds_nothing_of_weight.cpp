// expect: GCC 12 breaks a lambda with such captures inside co_await
#include <orrery/orrery.h>

orrery::Task<> converse(orrery::Session& client, std::string words) {
  client.send(co_await client.on_workers([words] { return words; }));
}
