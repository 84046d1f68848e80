#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::close_frame;
using server::frame;
using server::handshake;
using server::Story;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using websocket::Opcode;

// A server whose workers work when the test says so.
struct Workshop {
  explicit Workshop(const std::function<void(Router&)>& declare, PoolLimits limits = {})
      : server(declare, with(limits), 1, [this](const pools::WorkerLimits& of) {
          auto made = std::make_unique<pools::ManualWorkers>(of);
          workers = made.get();
          return made;
        }) {}
  static ServerOptions with(const PoolLimits& limits) {
    ServerOptions options;
    options.pools["gear:main"] = limits;
    return options;
  }

  // The n-th job is done, and the loops have seen it.
  void works(std::size_t n = 0) {
    workers->work_off(n);
    server.settle();
  }
  void works_all() {
    server.settle();
    while (workers->queued() > 0) works();
  }

  pools::ManualWorkers* workers = nullptr;
  WireServer server;
};

// Writes down what it hears, and answers.
struct Clerk {
  Story& story;
  ~Clerk() { story.emplace_back("gone"); }
  void on_open(WorkerSession&) { story.emplace_back("open"); }
  void on_message(WorkerSession& session, Message message) {
    const std::string text(message.text());
    story.push_back(text);
    if (text == "throw") {
      session.send("before");
      throw std::runtime_error("as told");
    }
    if (text == "close") {
      session.close(4000, "as told");
      return session.send("behind the close");
    }
    session.send("done " + text);
  }
  void on_close(WorkerSession&, CloseCause cause) {
    story.push_back("close " + std::string(name_of(cause.kind)));
  }
};

TEST(AWorker, RunsOneCallbackOfASessionAtATimeWhileTheClientIsNotRead) {
  Story story;
  Workshop shop(
      [&](Router& routes) { routes.websocket<Clerk>("/", std::ref(story)).on_workers(); });
  auto alice = std::move(WireClient(shop.server).opens("/"));
  alice.sends(text_frame("one") + text_frame("two"));
  EXPECT_THAT(story, ElementsAre());
  EXPECT_EQ(shop.workers->queued(), 1U);
  shop.works();
  EXPECT_THAT(story, ElementsAre("open"));
  EXPECT_EQ(shop.workers->queued(), 1U);
  shop.works();
  EXPECT_THAT(story, ElementsAre("open", "one"));
  EXPECT_EQ(alice.hears_frames(), "text done one\n");
  shop.works();
  EXPECT_EQ(alice.hears_frames(), "text done two\n");
  alice.sends(close_frame(1000));
  EXPECT_EQ(shop.server.sessions(), 1U);  // until on_close has run
  shop.works();
  EXPECT_THAT(story, ElementsAre("open", "one", "two", "close client", "gone"));
  EXPECT_EQ(shop.server.sessions(), 0U);
  EXPECT_TRUE(shop.server.servers[0]->empty());
}

TEST(AWorker, AppliesWhatItsCallbackAskedForInOrderWhenItReturns) {
  Workshop shop([&](Router& routes) {
    routes
        .websocket("/",
                   [](WorkerSession& session, Message message) {
                     session.join("tea");
                     session.send("one");
                     session.publish("tea", "two");
                     session.leave("tea");
                     session.publish("tea", "never");
                     session.send(message);
                     if (message.text() == "flush") {
                       session.flush();
                       throw std::runtime_error("what was flushed stays");
                     }
                   })
        .on_workers();
  });
  auto alice = std::move(WireClient(shop.server).opens("/"));
  alice.sends(text_frame("three"));
  EXPECT_EQ(alice.hears_frames(), "");
  shop.works_all();
  EXPECT_EQ(alice.hears_frames(), "text one\ntext three\n");  // it left before "two" came
  alice.sends(text_frame("flush"));
  shop.works_all();
  EXPECT_EQ(alice.hears_frames(), "text one\ntext flush\nclose 1011 internal error\n");
}

TEST(AWorker, ThatThrowsCostsTheSessionAloneAfterWhatItSaid) {
  Story story;
  Workshop shop(
      [&](Router& routes) { routes.websocket<Clerk>("/", std::ref(story)).on_workers(); });
  auto alice = std::move(WireClient(shop.server).opens("/"));
  auto bob = std::move(WireClient(shop.server).opens("/"));
  shop.works_all();
  alice.sends(text_frame("throw") + text_frame("never"));
  bob.sends(text_frame("close") + text_frame("never"));
  shop.works_all();
  EXPECT_EQ(alice.hears_frames(), "text before\nclose 1011 internal error\n");
  EXPECT_EQ(bob.hears_frames(), "close 4000 as told\n");
  alice.end.finish_writing();
  bob.end.finish_writing();
  shop.works_all();
  EXPECT_THAT(story, UnorderedElementsAre("open", "open", "throw", "close", "close handler_error",
                                          "gone", "close server", "gone"));
}

TEST(AWorker, MayStillLookAtTheSessionOfAClientThatHasGone) {
  Story story;
  Workshop shop([&](Router& routes) {
    routes
        .websocket("/:room",
                   [&](WorkerSession& session, Message message) {
                     story.push_back(std::string(session.request().param("room")) + " " +
                                     std::string(message.text()));
                     story.emplace_back(session.address().alive() ? "alive" : "gone");
                     session.send("into the void");
                   })
        .on_workers();
  });
  {
    auto alice = std::move(WireClient(shop.server).opens("/tea"));
    alice.sends(text_frame("hello"));
    alice.end.reset();
    shop.server.advance(10s);
  }
  EXPECT_EQ(shop.server.servers[0]->load(), 1U);
  shop.works_all();
  EXPECT_THAT(story, ElementsAre("tea hello", "gone"));
  EXPECT_EQ(shop.server.servers[0]->load(), 0U);
}

TEST(AWorker, SaysGoodbyeExactlyOnceWhereverItsCallbackIsWhenTheServerGoes) {
  for (int done = 0; done < 4; ++done) {
    Story story;
    {
      Workshop shop(
          [&](Router& routes) { routes.websocket<Clerk>("/", std::ref(story)).on_workers(); });
      auto alice = std::move(WireClient(shop.server).opens("/"));
      alice.sends(text_frame("one"));
      for (int i = 0; i < std::min(done, 2); ++i) shop.works();
      if (done == 3) shop.server.servers[0]->cut_off();
    }
    EXPECT_EQ(story.front(), "open") << done;
    EXPECT_THAT((Story{story.end() - 2, story.end()}),
                ElementsAre("close shutdown_deadline", "gone"))
        << done;
    EXPECT_EQ(std::count(story.begin(), story.end(), "close shutdown_deadline"), 1) << done;
  }
}

TEST(AWorker, ThatRunsWhenTheServerGoesHasItsSessionUntilItReturns) {
  Story story;
  Function<void()> job;
  {
    Workshop shop(
        [&](Router& routes) { routes.websocket<Clerk>("/", std::ref(story)).on_workers(); });
    auto alice = std::move(WireClient(shop.server).opens("/"));
    job = shop.workers->take(0);
    alice.end.reset();
    shop.server.settle();
    EXPECT_EQ(shop.server.servers[0]->load(), 1U);
    job();
    job = {};
    shop.works_all();
    EXPECT_EQ(shop.server.servers[0]->load(), 0U);
  }
  EXPECT_THAT(story, ElementsAre("open", "close transport", "gone"));
}

TEST(TheWorkersQueue, ThatIsFullKeepsSessionsFromBeingReadAndServesThemInTurn) {
  Story story;
  Workshop shop(
      [&](Router& routes) {
        routes
            .websocket("/",
                       [&](WorkerSession& session, Message message) {
                         story.push_back(std::string(message.text()));
                         session.send(message);
                       })
            .on_workers();
      },
      {.workers = 1, .worker_queue = 1});
  std::vector<WireClient> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(std::move(WireClient(shop.server).opens("/")));
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < clients.size(); ++i)
      clients[i].sends(text_frame(std::to_string(i)));
  EXPECT_EQ(shop.workers->queued(), 2U);
  shop.works_all();
  ASSERT_EQ(story.size(), 12U);
  EXPECT_THAT((Story{story.begin(), story.begin() + 6}), ElementsAre("0", "1", "2", "3", "4", "5"));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string each = "text " + std::to_string(i) + "\n";
    EXPECT_EQ(clients[i].hears_frames(), each + each);
  }
}

TEST(TheWorkersQueue, ThatIsFullLetsCoroutinesWait) {
  Story story;
  Workshop shop(
      [&](Router& routes) {
        routes.websocket("/", [&](Session& client) -> Task<> {
          while (auto message = co_await client.receive()) {
            const std::string text(message->text());
            story.push_back(
                co_await client.on_workers([](const std::string& of) { return of + "!"; }, text));
          }
        });
      },
      {.workers = 1, .worker_queue = 1});
  std::vector<WireClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::move(WireClient(shop.server).opens("/")));
    clients.back().sends(text_frame(std::to_string(i)));
  }
  EXPECT_EQ(shop.workers->queued(), 2U);
  clients[3].end.reset();
  shop.works_all();
  EXPECT_THAT(story, ElementsAre("0!", "1!", "2!", "4!"));
}

// Every other callback, on workers.
struct Listener {
  Story& story;
  void on_open(WorkerSession& session) {
    session.join("tea");
    EXPECT_EQ(session.address().send("to myself"), Posted::queued);
  }
  void on_message(WorkerSession&, Message m) { note("message", m.text()); }
  void on_server_message(WorkerSession&, ServerMessage m) { note("told", m.text()); }
  void on_ping(WorkerSession&, std::string_view payload) { note("ping", payload); }
  void on_pong(WorkerSession&, std::string_view payload) { note("pong", payload); }
  void on_drain(WorkerSession&) { note("drain", ""); }
  void on_rate_limited(WorkerSession&, Message m) { note("rejected", m.text()); }
  void note(std::string_view what, std::string_view text) {
    story.push_back(std::string(what) + " " + std::string(text));
  }
};

TEST(AWorker, RunsEveryCallback) {
  Story story;
  Workshop shop([&](Router& routes) {
    routes.websocket<Listener>("/", std::ref(story))
        .on_workers()
        .limits({.messages_per_second = 2});
    routes.websocket("/speaks", [](WorkerSession& s, Message m) { s.publish("tea", m); })
        .on_workers();
  });
  WireClient alice(shop.server);
  alice.sends(handshake("/") + text_frame("one"));
  shop.works_all();
  alice.sends(frame(Opcode::ping, "1") + frame(Opcode::pong, "2"));
  alice.sends(text_frame("two") + text_frame("three"));
  shop.works_all();
  auto bob = std::move(WireClient(shop.server).opens("/speaks"));
  bob.sends(text_frame("rain"));
  shop.works_all();
  shop.server.servers[0]->drain(1min, 0ms);
  shop.works_all();
  EXPECT_THAT(story, ElementsAre("told to myself", "message one", "ping 1", "pong 2", "message two",
                                 "rejected three", "told rain", "drain "));
}

// What its on_open sends itself comes first, whatever others have sent meanwhile.
struct Careful {
  Story& story;
  void on_open(WorkerSession& session) {
    session.join("tea");
    session.flush();
    std::thread([to = session.address()] { (void)to.send("from another"); }).join();
    (void)session.address().send("to myself");
    session.publish("tea", "to my group");
  }
  void on_message(WorkerSession&, Message) {}
  void on_server_message(WorkerSession&, ServerMessage message) {
    story.emplace_back(message.text());
  }
};

TEST(AWorker, HearsFirstWhatItsOnOpenSentItself) {
  Story story;
  Workshop shop(
      [&](Router& routes) { routes.websocket<Careful>("/", std::ref(story)).on_workers(); });
  WireClient alice(shop.server);
  alice.sends(handshake("/"));
  shop.works_all();
  EXPECT_THAT(story, ElementsAre("to myself", "to my group", "from another"));
}

TEST(AHandlerForWorkers, IsDestroyedWhenItsSubprotocolWasNotOffered) {
  Story story;
  Workshop shop([&](Router& routes) {
    routes.websocket<Clerk>("/", std::ref(story))
        .on_workers()
        .admit([](const Handshake&) -> Admission<> { return accept().speaking("v9"); });
  });
  WireClient alice(shop.server);
  alice.sends(handshake("/"));
  EXPECT_TRUE(alice.hears().starts_with("HTTP/1.1 500"));
  EXPECT_THAT(story, ElementsAre("gone"));
}

}  // namespace
}  // namespace orrery
