#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::Story;
using server::WireClient;
using server::WireServer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

void echo(Session& client, Message message) {
  client.send(message);
}

struct User {
  std::string name;
};

// Can only be built from a User.
struct Feed {
  Feed(User who, std::string greeting) : user(std::move(who)), welcome(std::move(greeting)) {}
  void on_open(Session& client) { client.send(welcome + ", " + user.name); }
  void on_message(Session& client, Message message) { client.send(message); }
  User user;
  std::string welcome;
};

Admission<User> sign_in(const Handshake& hello, const std::string& secret) {
  if (hello.request.bearer_token() != secret) return reject(401, "sign in first");
  return accept(User{std::string(hello.request.query("name").value_or("nobody"))});
}

TEST(Admission, BuildsTheHandlerFromTheAdmittedValueAndTheArguments) {
  TestServer server([](Router& routes) {
    routes.websocket<Feed>("/feed", std::string("welcome")).admit(sign_in, std::string("s3cret"));
  });
  const TestRequest with{.headers = {{"Authorization", "Bearer s3cret"}}};
  auto alice = server.connect("/feed?name=alice", with);
  EXPECT_TRUE(alice.hears("welcome, alice"));
  auto bob = server.connect("/feed?name=bob", with);
  EXPECT_TRUE(bob.hears("welcome, bob"));
}

TEST(Admission, RefusesInTheWordsOfHttp) {
  TestServer server([](Router& routes) {
    routes.websocket<Feed>("/feed", std::string("welcome")).admit(sign_in, std::string("s3cret"));
    routes.websocket("/plain", echo).admit([](const Handshake&) -> Admission<> {
      return reject();
    });
    routes.websocket("/rich", echo).admit([](const Handshake& hello) -> Admission<> {
      return reject(Response::json(R"({"try":"later"})", 429)
                        .with("Retry-After", "7")
                        .with_cookie("seen", std::string(hello.request.path())));
    });
  });
  const auto refused = server.connect("/feed");
  EXPECT_EQ(refused.status(), 401);
  EXPECT_EQ(refused.answer().body, "sign in first");
  EXPECT_THAT(refused.answer().headers, Contains(Pair("Connection", "close")));
  EXPECT_EQ(server.connect("/plain").status(), 400);
  const auto rich = server.connect("/rich");
  EXPECT_EQ(rich.status(), 429);
  EXPECT_EQ(rich.answer().body, R"({"try":"later"})");
  EXPECT_THAT(rich.answer().headers, Contains(Pair("Retry-After", "7")));
  EXPECT_THAT(rich.answer().headers, Contains(Pair("Set-Cookie", HasSubstr("seen=/rich"))));
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_THAT(server.log(), Contains(AllOf(HasSubstr("handshake refused"), HasSubstr("status=401"),
                                           HasSubstr("cause=admission"))));
}

TEST(Admission, MayAcceptForAWhileAndTheSessionMayExtendIt) {
  TestServer server([](Router& routes) {
    const auto soon = [] { return ManualClock().calendar() + 60s; };
    const auto until = [soon](const Handshake&) -> Admission<> { return accept().until(soon()); };
    routes.websocket("/short", echo).admit(until);
    routes.websocket("/long", [soon](Session& client, Message) { client.extend(soon() + 60s); })
        .admit(until);
    routes.websocket("/past", echo).admit([soon](const Handshake&) -> Admission<> {
      return accept().until(soon() - 10min);
    });
  });
  auto alice = server.connect("/short");
  auto bob = server.connect("/long");
  server.advance(30s);
  bob.says("extend");
  server.advance(29s);
  EXPECT_FALSE(alice.closed());
  server.advance(2s);
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 4003);
  EXPECT_EQ(alice.closed()->reason, "token expired");
  server.advance(57s);
  EXPECT_FALSE(bob.closed());
  server.advance(3s);
  ASSERT_TRUE(bob.closed());
  EXPECT_EQ(bob.closed()->code, 4003);
  auto carol = server.connect("/past");
  server.advance(1s);
  ASSERT_TRUE(carol.closed());
  EXPECT_EQ(carol.closed()->code, 4003);
}

struct Broken {
  Broken() { throw std::runtime_error("no handler today"); }
  void on_message(Session&, Message) {}
};

TEST(Admission, ThatThrowsIs500AndTheNextOneIsServed) {
  TestServer server([](Router& routes) {
    routes.websocket("/throws", echo).admit([](const Handshake&) -> Admission<> {
      throw std::runtime_error("the token store is gone");
    });
    routes.websocket("/odd", echo).admit([](const Handshake&) -> Admission<> { throw 42; });
    routes.websocket<Broken>("/broken");
    routes.websocket("/factory", [](const Request&) -> std::unique_ptr<Broken> { throw 42; });
    routes.websocket("/null", [](const Request&) { return std::unique_ptr<Feed>(); });
    routes.websocket("/plug", echo).plug([](Exchange&) -> std::optional<Response> { throw 42; });
    routes.websocket("/fine", echo);
  });
  for (const auto* path : {"/throws", "/odd", "/broken", "/factory", "/null", "/plug"}) {
    EXPECT_EQ(server.connect(path).status(), 500) << path;
    EXPECT_THAT(server.log(), Contains(AllOf(HasSubstr("error"), HasSubstr(path)))) << path;
  }
  EXPECT_THAT(server.log(), Contains(HasSubstr("the token store is gone")));
  EXPECT_EQ(server.connect("/fine").status(), 101);
}

TEST(Factory, MakesAHandlerForEachRequest) {
  TestServer server([](Router& routes) {
    routes.websocket("/", [](const Request& request) {
      return std::make_unique<Feed>(User{request.query("name").value_or("-")}, "made");
    });
  });
  auto alice = server.connect("/?name=alice");
  EXPECT_TRUE(alice.hears("made, alice"));
}

TEST(Subprotocols, ArePreferredInOurOrderByWhicheverWayTheyAreDeclared) {
  TestServer server([](Router& routes) {
    routes.websocket("/declared", echo).subprotocols({"v2", "v1"});
    routes.websocket("/required", echo).subprotocols({"v2", "v1"}, SubprotocolRule::required);
    routes.websocket("/chosen", echo).admit([](const Handshake& hello) -> Admission<> {
      const auto dialect = hello.choose({"v2", "v1"});
      if (!dialect) return reject(400, "no subprotocol in common");
      return accept().speaking(*dialect);
    });
    routes.websocket("/wrong", echo).admit([](const Handshake&) -> Admission<> {
      return accept().speaking("v9");
    });
  });
  for (const auto* path : {"/declared", "/required", "/chosen"}) {
    EXPECT_EQ(server.connect(path, {.subprotocols = {"v1", "v2"}}).subprotocol(), "v2") << path;
    EXPECT_EQ(server.connect(path, {.subprotocols = {"v0", "v1"}}).subprotocol(), "v1") << path;
  }
  auto none = server.connect("/declared", {.subprotocols = {"v3"}});
  EXPECT_EQ(none.status(), 101);
  EXPECT_THAT(none.answer().headers, Not(Contains(Pair("Sec-WebSocket-Protocol", testing::_))));
  EXPECT_EQ(server.connect("/required", {.subprotocols = {"v3"}}).status(), 400);
  EXPECT_EQ(server.connect("/required").status(), 400);
  EXPECT_EQ(server.connect("/chosen").status(), 400);
  EXPECT_EQ(server.connect("/wrong", {.subprotocols = {"v1"}}).status(), 500);
  EXPECT_EQ(server.sessions(), 1U);  // the one without a subprotocol
}

TEST(Subprotocols, AreToldToTheHandler) {
  TestServer server([](Router& routes) {
    routes
        .websocket("/", Callbacks{.on_open = [](Session& s) { s.send(s.subprotocol()); },
                                  .on_message = echo})
        .subprotocols({"v1"});
  });
  auto alice = server.connect("/", {.subprotocols = {"v1"}});
  EXPECT_TRUE(alice.hears("v1"));
  auto bob = server.connect("/");
  EXPECT_TRUE(bob.hears(""));
}

// Writes its name down, and what it finds of those before it.
Plug noting(Story& story, std::string name) {
  return [&story, name](Exchange& exchange) -> std::optional<Response> {
    story.push_back(name);
    exchange.request.set_value(name, int{1});
    exchange.set_header("X-" + name, "1");
    return std::nullopt;
  };
}

TEST(Plugs, RunFromTheOutsideInBeforeAdmissionAndHandlersAlike) {
  Story story;
  TestServer server([&](Router& routes) {
    routes.plug(noting(story, "gear"));
    routes.scope("/api", [&](Router& api) {
      api.plug(noting(story, "scope"));
      api.websocket("/socket", echo)
          .plug(noting(story, "route"))
          .admit([&](const Handshake& hello) -> Admission<> {
            story.emplace_back(hello.request.value<int>("route") ? "admit" : "too early");
            return accept();
          });
      api.get("/page",
              [&](const Request& request) {
                story.emplace_back(request.value<int>("scope") ? "handler" : "too early");
                return Response::text("page");
              })
          .plug(noting(story, "route"));
    });
    routes.get("/outside", [](const Request&) { return Response::text("outside"); });
  });
  const auto socket = server.connect("/api/socket");
  EXPECT_THAT(story, ElementsAre("gear", "scope", "route", "admit"));
  for (const auto* name : {"X-gear", "X-scope", "X-route"})
    EXPECT_THAT(socket.answer().headers, Contains(Pair(name, "1")));
  story.clear();
  const auto page = server.get("/api/page");
  EXPECT_THAT(story, ElementsAre("gear", "scope", "route", "handler"));
  EXPECT_THAT(page.headers, Contains(Pair("X-scope", "1")));
  story.clear();
  (void)server.get("/outside");
  EXPECT_THAT(story, ElementsAre("gear"));
}

TEST(Plugs, MayHalt) {
  Story story;
  TestServer server([&](Router& routes) {
    routes.plug([](Exchange& exchange) -> std::optional<Response> {
      exchange.set_cookie("visited", "yes");
      if (exchange.request.header("X-Key") == "right") return std::nullopt;
      return Response::redirect("/sign-in");
    });
    routes.websocket("/socket", echo).admit([&](const Handshake&) -> Admission<> {
      story.emplace_back("admit");
      return accept();
    });
    routes.get("/page", [](const Request&) { return Response::text("page"); });
  });
  const auto halted = server.connect("/socket");
  EXPECT_EQ(halted.status(), 302);
  EXPECT_THAT(halted.answer().headers, Contains(Pair("Location", "/sign-in")));
  EXPECT_THAT(halted.answer().headers, Contains(Pair("Set-Cookie", HasSubstr("visited=yes"))));
  EXPECT_THAT(story, ElementsAre());
  EXPECT_EQ(server.get("/page").status, 302);
  const TestRequest with{.headers = {{"X-Key", "right"}}};
  EXPECT_EQ(server.get("/page", with).body, "page");
  const auto admitted = server.connect("/socket", with);
  EXPECT_EQ(admitted.status(), 101);
  EXPECT_THAT(admitted.answer().headers, Contains(Pair("Set-Cookie", HasSubstr("visited=yes"))));
}

TEST(AdmissionHeaders, AreInThe101ButCannotBreakIt) {
  TestServer server([](Router& routes) {
    routes.websocket("/", echo).admit([](Handshake& hello) -> Admission<> {
      hello.set_header("X-Fine", "1");
      hello.set_header("X-Split", "a\r\nX-Smuggled: 1");
      hello.set_header("Content-Length", "5");
      return accept();
    });
  });
  auto alice = server.connect("/");
  EXPECT_THAT(alice.answer().headers, Contains(Pair("X-Fine", "1")));
  for (const auto* name : {"X-Split", "X-Smuggled", "Content-Length"})
    EXPECT_THAT(alice.answer().headers, Not(Contains(Pair(name, testing::_))));
  EXPECT_THAT(server.log(), Contains(HasSubstr("a response header was left out")).Times(2));
  alice.says("works");
  EXPECT_TRUE(alice.hears("works"));
}

TEST(Admission, IsNotAskedAboutAMalformedHandshakeOrAStrangeOrigin) {
  Story story;
  TestServer server([&](Router& routes) {
    routes.plug(noting(story, "plug"));
    routes.websocket("/", echo).admit([&](const Handshake&) -> Admission<> {
      story.emplace_back("admit");
      return accept();
    });
  });
  EXPECT_EQ(server.connect("/", {.headers = {{"Sec-WebSocket-Key", "short"}}}).status(), 400);
  EXPECT_EQ(server.connect("/", {.headers = {{"Sec-WebSocket-Version", "8"}}}).status(), 426);
  EXPECT_EQ(server.connect("/", {.headers = {{"Origin", "https://evil.example"}}}).status(), 403);
  EXPECT_EQ(server.connect("/", {.method = "POST"}).status(), 405);
  EXPECT_THAT(story, ElementsAre());
}

TEST(Origins, AreARouteAScopeOrTheServersBusinessAndTheInnermostWins) {
  ServerOptions options;
  options.origins = {"https://server.example"};
  TestServer server(
      [](Router& routes) {
        routes.websocket("/server", echo);
        routes.scope("/scope", [](Router& scope) {
          scope.origins({"https://*.scope.example"});
          scope.websocket("/inherits", echo);
          scope.websocket("/own", echo).origins({"allow-any-origin"});
        });
        routes.websocket("/same", echo).origins({"same-origin"});
      },
      options);
  const auto status = [&](const char* path, const char* origin) {
    return server.connect(path, {.headers = {{"Origin", origin}}}).status();
  };
  EXPECT_EQ(status("/server", "https://server.example"), 101);
  EXPECT_EQ(status("/server", "https://a.scope.example"), 403);
  EXPECT_EQ(status("/scope/inherits", "https://a.scope.example"), 101);
  EXPECT_EQ(status("/scope/inherits", "https://server.example"), 403);
  EXPECT_EQ(status("/scope/own", "https://anyone.example"), 101);
  EXPECT_EQ(status("/same", "http://test"), 101);
  EXPECT_EQ(status("/same", "https://test"), 403);
  EXPECT_EQ(server.connect("/server").status(), 101);  // no browser, no Origin
}

TEST(ARefusedHandshake, EndsTheConnectionAndWhatFollowsIsNeverARequest) {
  Story story;
  WireServer server([&](Router& routes) {
    routes.websocket("/", echo).admit([](const Handshake&) -> Admission<> { return reject(403); });
    routes.get("/smuggled", [&](const Request&) {
      story.emplace_back("smuggled");
      return Response::text("never");
    });
  });
  const std::string bytes = server::handshake("/") + server::request("GET /smuggled");
  for (const auto& pieces : websocket::every_cut(bytes)) {
    WireClient eve(server);
    eve.sends_pieces(pieces);
    ASSERT_EQ(server::answers_in(eve.hears()), "403 \n");
    ASSERT_EQ(eve.state(), net::MemoryState::finished);
  }
  for (const auto* target : {"/nowhere", "/smuggled"}) {
    WireClient eve(server);
    eve.sends(server::request("POST " + std::string(target),
                              "Upgrade: websocket\r\nConnection: Upgrade\r\n", "x") +
              server::request("GET /smuggled"));
    EXPECT_THAT(server::answers_in(eve.hears()), testing::StartsWith("40")) << target;
    EXPECT_EQ(eve.state(), net::MemoryState::finished) << target;
  }
  EXPECT_THAT(story, ElementsAre());
  server.advance(5s);
  EXPECT_TRUE(server.servers[0]->empty());  // nobody may hold the connection open for ever
}

TEST(AStoppingServer, AdmitsNobody) {
  TestServer server([](Router& routes) {
    routes.websocket("/", echo).limits({.close_timeout = 1h});
    routes.get("/page", [](const Request&) { return Response::text("page"); });
  });
  auto alice = server.connect("/");
  alice.stops_reading();
  server.stop();
  const auto late = server.connect("/");
  EXPECT_EQ(late.status(), 503);
  EXPECT_THAT(late.answer().headers, Contains(Pair("Retry-After", testing::_)));
  EXPECT_THAT(server.get("/page").headers, Contains(Pair("Connection", "close")));
}

}  // namespace
}  // namespace orrery
