#include "apps/orrery/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace orrery::app {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string routes_of(std::vector<std::string> sets) {
  config::Sources sources;
  sources.sets = std::move(sets);
  std::ostringstream out, errors;
  EXPECT_EQ(print_routes(config::load(sources), out, errors), cli::Exit::ok);
  return out.str();
}

TEST(Routes, AreToldOnePerLineWithTheirLimits) {
  Router router;
  router.gear("tea", "/tea", [](Router& tea) {
    tea.websocket("/rooms/:room", [](Session&, Message) {})
        .limits({.message_bytes = 2048, .messages_per_second = 5});
    tea.host("a.example", [](Router& inner) { inner.files("/files", "/srv/tea"); });
    tea.post("/order", [](const Request&) { return Response::text("one cup"); });
  });
  std::ostringstream out;
  print_routes(router, {}, out);
  EXPECT_EQ(out.str(),
            "GEAR  HOST       METHOD     PATH              POOL      LIMITS\n"
            "tea   *          websocket  /tea/rooms/:room  gear:tea  message 2 KiB, idle 60000 ms, "
            "queue 1 MiB, 5 messages/s\n"
            "tea   a.example  GET        /tea/files/*file  gear:tea  files in /srv/tea\n"
            "tea   *          POST       /tea/order        gear:tea  body 1000000 B\n");
}

TEST(Routes, AreThoseOfTheConfiguration) {
  const std::string all = routes_of({});
  EXPECT_THAT(all, HasSubstr("/echo/groups/:group"));
  EXPECT_THAT(all, HasSubstr("/chat"));
  const std::string moved = routes_of({"gears={\"echo\": {\"mount\": \"/again\"}}",
                                       "server.protocols.websocket.maxMessageSize=4096"});
  EXPECT_THAT(moved, HasSubstr("/again/groups/:group"));
  EXPECT_THAT(moved, HasSubstr("message 4 KiB"));
  EXPECT_THAT(moved, Not(HasSubstr("/chat")));
  EXPECT_THAT(routes_of({"server.protocols.websocket.enabled=false"}), Not(HasSubstr("websocket")));
}

TEST(Routes, OfABrokenConfigurationAreNotTold) {
  config::Loaded broken;
  broken.errors.push_back({"orrery.json", 1, 2, "gears", "found \"x\""});
  std::ostringstream out, errors;
  EXPECT_EQ(print_routes(broken, out, errors), cli::Exit::refused);
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace orrery::app
