#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "pools/hold_watch.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::answers_in;
using server::close_frame;
using server::frames_behind_101;
using server::handshake;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using ::testing::HasSubstr;

struct User {
  std::string name;
};

// Asks a worker who it is; the fixture decides when the worker has an answer.
Task<Admission<User>> ask_elsewhere(Handshake& hello) {
  hello.set_header("X-Asked", "yes");
  const std::string token(hello.request.bearer_token());
  const auto look_up = [](const std::string& of) {
    if (of == "broken") throw std::runtime_error("the database is gone");
    return of;
  };
  const auto name = co_await hello.on_workers(look_up, token);
  if (name.empty()) co_return reject(401, "sign in first");
  if (name == "twice") (void)co_await hello.on_workers([] { return 0; });
  co_return accept(User{name});
}

struct Greeter {
  explicit Greeter(User admitted) : user(std::move(admitted)) {}
  User user;
  void on_open(Session& client) { client.send("welcome " + user.name); }
  void on_message(Session& client, Message message) { client.send(message); }
};

class LaterAdmission : public testing::Test {
 protected:
  static ServerOptions options() {
    ServerOptions with;
    with.pools["gear:main"] = {.sessions = 2, .workers = 1, .worker_queue = 1};
    return with;
  }
  static std::string as(const std::string& token) {
    return handshake("/", "Authorization: Bearer " + token + "\r\n");
  }
  void works() {
    workers->work_off();
    server.settle();
  }
  std::size_t places_taken() {
    return server.servers[0]->node().pools.find_any("gear:main")->sessions();
  }

  pools::ManualWorkers* workers = nullptr;
  WireServer server{
      [this](Router& routes) {
        routes.websocket<Greeter>("/").admit(ask_elsewhere).limits({.admission_timeout = 2s});
        routes.get("/work", [this](const Request&) {
          workers->work_off();
          return Response::text("done");
        });
      },
      options(), 1,
      [this](const pools::WorkerLimits& limits) {
        auto made = std::make_unique<pools::ManualWorkers>(limits);
        workers = made.get();
        return made;
      }};
};

TEST_F(LaterAdmission, OpensTheSessionWhenTheAnswerHasCome) {
  WireClient client(server);
  client.sends(as("Ada"));
  EXPECT_EQ(client.hears(), "") << "the loop does not wait, but the client does";
  works();
  const std::string answer = client.hears();
  EXPECT_THAT(answer, HasSubstr("X-Asked: yes"));
  EXPECT_EQ(frames_behind_101(answer), "text welcome Ada\n");
  client.sends(text_frame("hello"));
  EXPECT_EQ(client.hears_frames(), "text hello\n");
}

TEST(LaterAdmissionWatched, LeavesTheCallbackBehindItToTheWatch) {
  std::vector<std::string> reports;
  std::optional<WireServer> server;
  const auto look_for_a_second = [&](Session&) {
    pools::HoldWatch watch({&server->servers[0]->holding()}, 100ms,
                           [&](const auto& held) { reports.push_back(std::string(held.route)); });
    watch.look(server->clock.now());
    server->clock.advance(1s);
    watch.look(server->clock.now());
  };
  server.emplace([&](Router& routes) {
    routes
        .websocket("/slow",
                   Callbacks{.on_open = look_for_a_second, .on_message = [](Session&, Message) {}})
        .admit(ask_elsewhere);
  });
  WireClient client(*server);
  client.sends(handshake("/slow", "Authorization: Bearer Ada\r\n"));
  EXPECT_EQ(reports, std::vector<std::string>{"/slow"});
}

TEST_F(LaterAdmission, MayAskSeveralTimes) {
  WireClient client(server);
  client.sends(as("twice"));
  works();
  EXPECT_EQ(client.hears(), "");
  works();
  EXPECT_EQ(frames_behind_101(client.hears()), "text welcome twice\n");
}

TEST_F(LaterAdmission, KeepsWhatTheClientSentMeanwhile) {
  WireClient client(server);
  client.sends(as("Ada") + text_frame("one") + text_frame("two"));
  works();
  EXPECT_EQ(frames_behind_101(client.hears()), "text welcome Ada\ntext one\ntext two\n");
}

TEST_F(LaterAdmission, RefusesWithItsAnswer) {
  WireClient client(server);
  client.sends(handshake("/"));
  works();
  EXPECT_EQ(answers_in(client.hears()), "401 sign in first\n");
  EXPECT_EQ(places_taken(), 0U);
}

TEST_F(LaterAdmission, ThatThrowsIsTheServersError) {
  WireClient client(server);
  client.sends(as("broken"));
  works();
  EXPECT_THAT(answers_in(client.hears()), HasSubstr("500 "));
  EXPECT_TRUE(server.log.has("the database is gone"));
  EXPECT_EQ(places_taken(), 0U);
}

TEST_F(LaterAdmission, HasOnlySoMuchTime) {
  WireClient client(server);
  client.sends(as("Ada"));
  server.advance(1s);
  EXPECT_EQ(client.hears(), "");
  EXPECT_EQ(places_taken(), 1U);
  server.advance(1500ms);
  EXPECT_THAT(answers_in(client.hears()), HasSubstr("503 "));
  EXPECT_EQ(places_taken(), 0U);
  works();  // too late: nobody waits for it
  EXPECT_EQ(server.sessions(), 0U);
}

TEST_F(LaterAdmission, IsForgottenWhenTheClientGoes) {
  {
    WireClient client(server);
    client.sends(as("Ada"));
    client.end.reset();
    server.settle();
  }
  works();
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_EQ(places_taken(), 0U);
}

// The reset and the worker's answer in one turn, in this order: a request that works in between.
TEST_F(LaterAdmission, OpensNoSessionOnAConnectionThatHasJustBroken) {
  WireClient other(server);
  WireClient client(server);
  client.sends(as("Ada"));
  client.end.reset();
  (void)other.end.write(server::request("GET /work"));
  server.settle();
  EXPECT_EQ(answers_in(other.end.read()), "200 done\n");
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_EQ(places_taken(), 0U);
  EXPECT_FALSE(server.log.has("session closed")) << "none was opened";
}

TEST_F(LaterAdmission, CountsAgainstThePoolWhileItLasts) {
  WireClient alice(server), bob(server), carol(server);
  alice.sends(as("alice"));
  bob.sends(as("bob"));
  carol.sends(as("carol"));
  EXPECT_THAT(answers_in(carol.hears()), HasSubstr("503 ")) << "there are two places";
  works();
  EXPECT_EQ(frames_behind_101(alice.hears()), "text welcome alice\n");
}

TEST_F(LaterAdmission, ThatEndsInADrainIsRefused) {
  WireClient client(server);
  client.sends(as("Ada"));
  server.servers[0]->drain(0ms, 0ms);
  works();
  EXPECT_THAT(answers_in(client.hears()), HasSubstr("503 "));
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_EQ(places_taken(), 0U);
}

TEST_F(LaterAdmission, OfAPoolThatWasClosedIsRefused) {
  WireClient client(server);
  client.sends(as("Ada"));
  server.engine.close_pool("gear:main");
  works();
  EXPECT_THAT(answers_in(client.hears()), HasSubstr("503 "));
  EXPECT_EQ(server.sessions(), 0U);
}

TEST(LaterAdmissionWithoutRoom, IsRefusedWhenNoWorkerCanTakeIt) {
  pools::ManualWorkers* workers = nullptr;
  ServerOptions options;
  options.pools["gear:main"] = {.workers = 1, .worker_queue = 1};
  WireServer server([](Router& routes) { routes.websocket<Greeter>("/").admit(ask_elsewhere); },
                    options, 1,
                    [&](const pools::WorkerLimits& limits) {
                      auto made = std::make_unique<pools::ManualWorkers>(limits);
                      workers = made.get();
                      return made;
                    });
  WireClient alice(server), bob(server), carol(server);
  for (auto* client : {&alice, &bob, &carol})
    client->sends(handshake("/", "Authorization: Bearer x\r\n"));
  EXPECT_THAT(answers_in(carol.hears()), HasSubstr("503 "));
  workers->work_off();
  EXPECT_EQ(frames_behind_101(alice.hears()), "text welcome x\n");
}

TEST(LaterAdmissionAtTheEnd, IsDestroyedWithItsServer) {
  WireServer server([](Router& routes) { routes.websocket<Greeter>("/").admit(ask_elsewhere); }, {},
                    1,
                    [](const pools::WorkerLimits& limits) {
                      return std::make_unique<pools::ManualWorkers>(limits);
                    });
  WireClient client(server);
  client.sends(handshake("/", "Authorization: Bearer x\r\n"));
}

}  // namespace
}  // namespace orrery
