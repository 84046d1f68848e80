// expect: in one, write co_await session.register_name(name)
#include <orrery/orrery.h>

void claim(orrery::Session& client) {
  client.register_name("user:Ada",
                       [](orrery::Session& claimer, const orrery::NameAnswer&) -> orrery::Task<> {
                         co_await claimer.drained();
                       });
}
