#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::answers_in;
using server::request;
using server::Story;
using server::WireClient;
using server::WireServer;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

HttpHandler says(std::string words) {
  return [words](const Request&) { return Response::text(words); };
}
void echo(Session& client, Message message) {
  client.send(message);
}

TEST(Routing, PrefersTheMostSpecificRouteWhateverTheOrder) {
  TestServer server([](Router& routes) {
    routes.get("/*rest", says("rest"));
    routes.get("/:one", says("param"));
    routes.get("/known", says("known"));
    routes.get("/known/:id/edit", says("edit"));
    routes.get("/known/:id", [](const Request& request) {
      return Response::text("id " + std::string(request.param("id")));
    });
  });
  EXPECT_EQ(server.get("/known").body, "known");
  EXPECT_EQ(server.get("/other").body, "param");
  EXPECT_EQ(server.get("/known/7").body, "id 7");
  EXPECT_EQ(server.get("/known/a%2Fb").body, "id a/b");
  EXPECT_EQ(server.get("/known/7/edit").body, "edit");
  EXPECT_EQ(server.get("/a/b/c").body, "rest");
  EXPECT_EQ(server.get("/%6bnown").body, "known");
}

TEST(Routing, KeepsHostsAndScopesApart) {
  TestServer server([](Router& routes) {
    routes.get("/", says("any"));
    routes.host("one.example", [](Router& one) { one.get("/", says("one")); });
    routes.host("*.example", [](Router& all) { all.get("/", says("all")); });
    routes.gear("shop", "/shop", [](Router& shop) {
      shop.get("", says("shop"));
      shop.scope("/cart", [](Router& cart) { cart.get("/:item", says("item")); });
    });
  });
  const auto at = [&](const char* host) {
    return server.get("/", {.headers = {{"Host", host}}}).body;
  };
  EXPECT_EQ(at("one.example"), "one");
  EXPECT_EQ(at("ONE.example:8080"), "one");
  EXPECT_EQ(at("two.example"), "all");
  EXPECT_EQ(at("elsewhere"), "any");
  EXPECT_EQ(server.get("/shop").body, "shop");
  EXPECT_EQ(server.get("/shop/cart/7").body, "item");
  EXPECT_EQ(server.get("/cart/7").status, 404);
}

TEST(Routing, AnswersHeadOptionsAndWrongMethodsByItself) {
  TestServer server([](Router& routes) {
    routes.get("/page", says("page"));
    routes.post("/page",
                [](const Request& r) { return Response::text(std::string(r.body()), 201); });
    routes.http("*", "/any",
                [](const Request& r) { return Response::text(std::string(r.method())); });
    routes.websocket("/socket", echo);
  });
  const auto head = server.request("HEAD", "/page");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_THAT(head.headers, Contains(Pair("Content-Length", "4")));
  const auto options = server.request("OPTIONS", "/page");
  EXPECT_EQ(options.status, 204);
  EXPECT_THAT(options.headers, Contains(Pair("Allow", "GET, HEAD, POST, OPTIONS")));
  const auto wrong = server.request("DELETE", "/page");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_THAT(wrong.headers, Contains(Pair("Allow", "GET, HEAD, POST, OPTIONS")));
  EXPECT_EQ(server.request("POST", "/page", {.body = "made"}).body, "made");
  EXPECT_EQ(server.request("BREW", "/any").body, "BREW");
  EXPECT_EQ(server.request("OPTIONS", "*").status, 204);
  EXPECT_EQ(server.request("DELETE", "/socket").status, 405);
  EXPECT_EQ(server.get("/nowhere").status, 404);
}

TEST(ARequest, ShowsPathAndQueryAsTheyWereSent) {
  WireServer server([](Router& routes) {
    routes.get("/*all", [](const Request& r) {
      const auto path = std::string(r.path()), query = std::string(r.query_string());
      return Response::text(path + " | " + query);
    });
  });
  const std::pair<const char*, const char*> rows[] = {
      {"/", "/ | "},
      {"/?", "/ | "},
      {"/x?", "/x | "},
      {"/?a=1", "/ | a=1"},
      {"/x?a?b=1", "/x | a?b=1"},
      {"/%78%3Fy?%zz", "/%78%3Fy | %zz"},
      {"http://h?x=1", "/ | x=1"},
      {"http://h:80/a/b?x=1", "/a/b | x=1"},
  };
  for (const auto& [target, seen] : rows) {
    WireClient client(server);
    client.sends(request("GET " + std::string(target)));
    EXPECT_EQ(answers_in(client.hears()), "200 " + std::string(seen) + "\n") << target;
  }
}

TEST(ARefusedRequest, IsLoggedWithItsPathAsFarAsItIsKnown) {
  WireServer server([](Router& routes) { routes.get("/page", says("page")); });
  const auto logged = [&](std::string_view bytes) {
    WireClient(server, {.peer = {"192.0.2.7", 40000}}).sends(bytes);
    return server.log.lines().back();
  };
  EXPECT_THAT(logged("POST /page HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"),
              AllOf(HasSubstr("request refused"), HasSubstr("status=501"),
                    HasSubstr("path=\"/page\""), HasSubstr("remote=192.0.2.7")));
  EXPECT_THAT(logged("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"),
              AllOf(HasSubstr("request refused"), HasSubstr("status=400"), Not(HasSubstr("zz")),
                    HasSubstr("remote=192.0.2.7")));
}

TEST(ARequestThatIsNoUpgrade, GetsThePageAtTheSamePathOr426) {
  TestServer server([](Router& routes) {
    routes.websocket("/both", echo);
    routes.get("/both", says("page"));
    routes.websocket("/socket", echo);
    routes.websocket("/posted", echo);
    routes.post("/posted", says("posted"));
  });
  EXPECT_EQ(server.get("/both").body, "page");
  EXPECT_EQ(server.connect("/both").status(), 101);
  for (const auto* path : {"/socket", "/posted"}) {
    const auto answer = server.get(path);
    EXPECT_EQ(answer.status, 426) << path;
    EXPECT_THAT(answer.headers, Contains(Pair("Upgrade", "websocket")));
    EXPECT_THAT(answer.headers, Contains(Pair("Connection", HasSubstr("Upgrade"))));
    EXPECT_THAT(answer.headers, Contains(Pair("Sec-WebSocket-Version", "13")));
  }
  EXPECT_EQ(server.request("POST", "/posted").body, "posted");
}

TEST(AServer, MayServeOneOfTheTwoOnly) {
  const auto declare = [](Router& routes) {
    routes.websocket("/socket", echo);
    routes.get("/page", says("page"));
  };
  ServerOptions no_http;
  no_http.serve_http = false;
  TestServer sockets(declare, no_http);
  EXPECT_EQ(sockets.connect("/socket").status(), 101);
  const auto refused = sockets.get("/page");
  EXPECT_EQ(refused.status, 426);
  EXPECT_THAT(refused.headers, Contains(Pair("Connection", HasSubstr("Upgrade"))));
  ServerOptions no_sockets;
  no_sockets.serve_websocket = false;
  TestServer pages(declare, no_sockets);
  EXPECT_EQ(pages.connect("/socket").status(), 404);
  EXPECT_EQ(pages.get("/page").body, "page");
}

TEST(AHandler, ThatThrowsIs500AndTheConnectionGoesOn) {
  WireServer server([](Router& routes) {
    routes.get("/throws", [](const Request&) -> Response { throw std::runtime_error("oops"); });
    routes.get("/odd", [](const Request&) -> Response { throw 42; });
    routes.get("/page", says("page"));
  });
  WireClient alice(server);
  alice.sends(request("GET /throws") + request("GET /odd") + request("GET /page"));
  const auto answers = answers_in(alice.hears());
  EXPECT_THAT(answers, HasSubstr("500 500"));
  EXPECT_TRUE(answers.ends_with("200 page\n")) << answers;
  EXPECT_TRUE(server.log.has("oops"));
}

WireServer numbered() {
  return WireServer([](Router& routes) {
    routes.get("/:n", [](const Request& r) { return Response::text(std::string(r.param("n"))); });
    routes.post("/:n", [](const Request& r) {
      return Response::text(std::string(r.param("n")) + "=" + std::string(r.body()));
    });
  });
}

TEST(Pipelining, AnswersInOrderHoweverTheBytesAreCut) {
  const std::string bytes = request("GET /1") + request("POST /2", "", "two") + request("HEAD /3") +
                            request("GET /4", "Connection: close\r\n") + request("GET /5");
  std::string whole;
  for (const auto& pieces : websocket::every_cut(bytes)) {
    auto server = numbered();
    WireClient alice(server);
    alice.sends_pieces(pieces);
    const auto heard = alice.hears();
    if (whole.empty()) whole = heard;
    ASSERT_EQ(heard, whole);
    ASSERT_EQ(alice.state(), net::MemoryState::finished);
  }
  EXPECT_THAT(whole, HasSubstr("\r\n\r\n1HTTP/1.1 200"));
  EXPECT_THAT(whole, HasSubstr("\r\n\r\n2=twoHTTP/1.1 200"));
  EXPECT_THAT(whole, HasSubstr("Connection: close"));
  EXPECT_TRUE(whole.ends_with("\r\n\r\n4"));
}

TEST(Pipelining, OfManyRequestsIsAnsweredToTheLast) {
  auto server = numbered();
  WireClient alice(server);
  std::string bytes, expected;
  for (int i = 0; i < 1000; ++i) {
    bytes += request("GET /" + std::to_string(i));
    expected += "200 " + std::to_string(i) + "\n";
  }
  alice.sends(bytes + request("GET /last", "Connection: close\r\n") + std::string(1000, 'x'));
  EXPECT_EQ(answers_in(alice.hears()), expected + "200 last\n");
  alice.end.finish_writing();
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
  EXPECT_TRUE(server.servers[0]->empty());
}

// Nobody makes the server keep more answers than it has to.
TEST(Pipelining, WaitsForAClientThatDoesNotRead) {
  int asked = 0;
  WireServer server([&](Router& routes) {
    routes.get("/", [&](const Request&) {
      ++asked;
      return Response::text(std::string(100'000, 'x'));
    });
  });
  WireClient alice(server);
  alice.end.set_window(0);
  std::string bytes;
  for (int i = 0; i < 50; ++i) bytes += request("GET /");
  alice.sends(bytes);
  EXPECT_LE(asked, 4);
  alice.end.set_window(1000);
  EXPECT_EQ(answers_in(alice.hears()).size(), 50 * 100'005U);
  EXPECT_EQ(asked, 50);
}

// The same when the client begins to read within the turn in which the outbox ran full.
TEST(Pipelining, GoesOnWhenTheClientReadsWithinTheTurn) {
  WireClient* client = nullptr;
  int asked = 0;
  std::string heard;
  WireServer server([&](Router& routes) {
    routes.get("/", [&](const Request&) {
      if (++asked == 4) {  // from here on there is room for all that is left of this turn
        heard += client->end.read();
        client->end.set_window(10'000'000);
      }
      return Response::text(std::string(100'000, 'x'));
    });
  });
  WireClient alice(server, {.window_bytes = 250'000});
  client = &alice;
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += request("GET /");
  alice.sends(bytes);
  heard += alice.hears();
  EXPECT_EQ(answers_in(heard).size(), 20 * 100'005U);
}

TEST(ASlowReader, IsGivenTimeWhileItReadsAtAll) {
  WireServer server([](Router& routes) { routes.get("/", says(std::string(100'000, 'x'))); });
  for (const auto* connection : {"Connection: keep-alive\r\n", "Connection: close\r\n"}) {
    WireClient alice(server, {.window_bytes = 10'000});
    alice.sends(request("GET /", connection));
    std::string heard;
    for (int i = 0; i < 20; ++i) {
      heard += alice.end.read();
      server.advance(10s);
    }
    EXPECT_EQ(answers_in(heard).size(), 100'005U) << connection;
  }
}

TEST(ASlowReader, ThatReadsNothingIsCut) {
  WireServer server([](Router& routes) { routes.get("/", says(std::string(100'000, 'x'))); });
  for (const auto* connection : {"Connection: keep-alive\r\n", "Connection: close\r\n"}) {
    WireClient alice(server, {.window_bytes = 10'000});
    alice.sends(request("GET /", connection));
    server.advance(25s);
    EXPECT_FALSE(server.servers[0]->empty());
    server.advance(10s);
    EXPECT_TRUE(server.servers[0]->empty()) << connection;
  }
}

TEST(Expect, IsAnsweredBeforeTheBody) {
  auto server = numbered();
  WireClient alice(server);
  alice.sends(request("POST /1", "Expect: 100-continue\r\nContent-Length: 3\r\n"));
  EXPECT_EQ(alice.hears(), "HTTP/1.1 100 Continue\r\n\r\n");
  alice.sends("two");
  EXPECT_EQ(answers_in(alice.hears()), "200 1=two\n");
}

TEST(Body, MayBeChunked) {
  auto server = numbered();
  WireClient alice(server);
  alice.sends(request("POST /1", "Transfer-Encoding: chunked\r\n") +
              "3\r\none\r\n4\r\n two\r\n0\r\n\r\n" + request("GET /2"));
  EXPECT_EQ(answers_in(alice.hears()), "200 1=one two\n200 2\n");
}

struct LimitRow {
  const char* name;
  std::string bytes;
  const char* status;
};

TEST(Limits, AreAnsweredAndEndTheConnection) {
  ServerOptions options;
  options.http_limits = {.head_bytes = 1000, .header_count = 10, .body_bytes = 100};
  std::string many_headers;
  for (int i = 0; i < 12; ++i) many_headers += "X-" + std::to_string(i) + ": 1\r\n";
  const LimitRow rows[] = {
      {"a head that is too large", request("GET /1", "X: " + std::string(1000, 'x') + "\r\n"),
       "431"},
      {"too many headers", request("GET /1", many_headers), "431"},
      {"a body that is too large", request("POST /1", "", std::string(101, 'x')), "413"},
      {"a body that grows too large",
       request("POST /1", "Transfer-Encoding: chunked\r\n") + "65\r\n" + std::string(101, 'x'),
       "413"},
      {"two lengths", request("POST /1", "Content-Length: 1\r\nContent-Length: 2\r\n"), "400"},
      {"a length and chunks",
       request("POST /1", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), "400"},
      {"two hosts", request("GET /1", "Host: other\r\n"), "400"},
      {"a folded header", request("GET /1", "X: a\r\n b\r\n"), "400"},
      {"a target that is none", request("GET nonsense"), "400"},
      {"no HTTP at all", "\x16\x03\x01\x02\r\n\r\n", "400"},
  };
  for (const auto& row : rows) {
    WireServer server(
        [](Router& routes) {
          routes.get("/1", says("never"));
          routes.post("/1", says("never"));
        },
        options);
    WireClient eve(server);
    eve.sends(row.bytes + request("GET /1"));
    const auto heard = eve.hears();
    EXPECT_THAT(answers_in(heard), testing::StartsWith(row.status)) << row.name;
    EXPECT_THAT(heard, HasSubstr("Connection: close\r\n")) << row.name;
    EXPECT_THAT(heard, Not(HasSubstr("never"))) << row.name;
    EXPECT_EQ(eve.state(), net::MemoryState::finished) << row.name;
  }
}

TEST(Deadlines, EndConnectionsThatDawdle) {
  struct Row {
    const char* name;
    std::string first;
    std::string dribble;  // a byte of it every second
    milliseconds least, most;
    const char* answer;
  };
  const std::string dribble(200, 'x');
  const Row rows[] = {
      {"silent from the start", "", "", 5s, 6s, ""},
      {"half a head", "GET /", dribble, 5s, 6s, "408"},
      {"half a body", request("POST /1", "Content-Length: 999\r\n"), dribble, 30s, 31s, "408"},
      {"silent after an answer", request("GET /1"), "", 60s, 61s, ""},
      {"half a head after an answer", request("GET /1") + "GET /", dribble, 5s, 6s, "408"},
  };
  for (const auto& row : rows) {
    auto server = numbered();
    WireClient alice(server);
    alice.sends(row.first);
    (void)answers_in(alice.hears());
    std::string heard;
    milliseconds passed{0};
    for (std::size_t i = 0; passed < 90s && alice.state() == net::MemoryState::open; ++i) {
      if (i % 10 == 0 && i / 10 < row.dribble.size()) alice.sends({&row.dribble[i / 10], 1});
      server.advance(100ms);
      passed += 100ms;
      heard += alice.end.read();
    }
    EXPECT_GE(passed, row.least) << row.name;
    EXPECT_LE(passed, row.most) << row.name;
    EXPECT_EQ(answers_in(heard).substr(0, 3), row.answer) << row.name;
    server.advance(5s);
    EXPECT_TRUE(server.servers[0]->empty()) << row.name;
  }
}

TEST(UrlFor, WritesTheRoutesPath) {
  Router routes;
  routes.get("/rooms/:room", says("")).name("room");
  routes.scope("/api", [](Router& api) { api.websocket("/feed/*topic", echo).name("feed"); });
  EXPECT_EQ(routes.url_for("room", {{"room", "green tea"}}).value(), "/rooms/green%20tea");
  EXPECT_EQ(routes.url_for("feed", {{"topic", "a/b"}}).value(), "/api/feed/a/b");
  EXPECT_FALSE(routes.url_for("room").ok());
  EXPECT_FALSE(routes.url_for("nobody").ok());
}

TEST(RoutesThatContradictEachOther, AreToldAllAtOnce) {
  const auto declare = [](Router& routes) {
    routes.get("/twice", says("one"));
    routes.get("/twice", says("two"));
    routes.get("no slash", says(""));
    routes.websocket("/origin", echo).origins({"not an origin"});
    routes.files("/files", "/there/is/no/such/folder");
  };
  try {
    TestServer server(declare);
    FAIL() << "it started";
  } catch (const std::logic_error& error) {
    for (const auto* part : {"/twice: GET is declared twice", "no slash", "/origin", "/files"})
      EXPECT_THAT(error.what(), HasSubstr(part));
  }
}

}  // namespace
}  // namespace orrery
