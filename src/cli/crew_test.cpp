#include "cli/crew.h"

#include <gmock/gmock.h>

#include "cli/client_fixture.h"

namespace orrery::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using websocket::Opcode;

// A crew whose servers are played by hand, on two clocks that stand still.
class CrewTest : public ClientFixture {
 protected:
  void start(BenchOptions options) {
    options.client.url = "ws://orrery.test/echo";
    plan.options = options;
    plan.opening.target = *parse_target(options.client.url);
    if (options.deflate)
      plan.opening.compression = websocket::DeflateParams{.client_no_context_takeover = true};
    plan.payload = Payload(options.opcode, options.size);
    publications = std::make_unique<Publications>(options.connections, options.depth);
    plan.publications = publications.get();
    crew = std::make_unique<Crew>(plan, 0,
                                  Crew::Environment{loop, fine_clock, random, dialer, slow_dialer});
    crew->open_sessions();
  }
  void start_and_accept(const BenchOptions& options, std::string_view headers = "",
                        Nanoseconds step = Nanoseconds{0}) {
    start(options);
    for (std::size_t i = 0; i < dialer.servers.size(); ++i) dialer.servers[i]->accepts(headers);
    for (auto& each : slow_dialer.servers) each->accepts(headers);
    crew->begin(step);
    crew->measure();
    turn();
  }
  void turn() {
    for (int i = 0; i < 20; ++i) loop.turn(milliseconds{0});
  }
  // What a session sends for its message, and so what comes back.
  std::string message(std::uint32_t sender, std::uint64_t number) {
    return plan.payload.with(Payload::tag(sender, number));
  }
  std::string text(std::uint32_t sender, std::uint64_t number) {
    return "text " + message(sender, number) + "\n";
  }
  void echo(std::uint32_t session, std::uint64_t number) {
    server(session).sends_text(message(session, number));
  }

  ManualFineClock fine_clock{};
  MemoryDialer slow_dialer{loop};
  BenchPlan plan{};
  std::unique_ptr<Publications> publications{};
  std::unique_ptr<Crew> crew{};
};

TEST_F(CrewTest, KeepsItsMessagesOnTheirWay) {
  start_and_accept({.connections = 2, .depth = 2, .size = 20});
  EXPECT_EQ(server(0).hears_frames(), text(0, 0) + text(0, 1));
  EXPECT_EQ(server(1).hears_frames(), text(1, 0) + text(1, 1));
  fine_clock.advance(3ms);
  echo(0, 0);
  EXPECT_EQ(server(0).hears_frames(), text(0, 2)) << "for each answer the next one goes out";
  EXPECT_EQ(crew->latencies().highest(), 3ms);
  EXPECT_EQ(crew->counts().answered.now(), 1u);
  EXPECT_EQ(crew->counts().sent.now(), 5u);
  EXPECT_EQ(crew->failure(), "");
}

TEST_F(CrewTest, MeasuresEachMessageFromWhenItWasSent) {
  start_and_accept({.connections = 1, .depth = 2, .size = 20});
  fine_clock.advance(1ms);
  echo(0, 0);  // message 2 leaves now
  fine_clock.advance(1ms);
  echo(0, 1);
  fine_clock.advance(1ms);
  echo(0, 2);
  EXPECT_EQ(crew->latencies().lowest(), 1ms);
  EXPECT_EQ(crew->latencies().highest(), 2ms);
  EXPECT_EQ(crew->latencies().count(), 3u);
}

TEST_F(CrewTest, CountsOnlyWhatIsAnsweredWhileItMeasures) {
  start({.connections = 1, .size = 20});
  server().accepts();
  crew->begin();
  echo(0, 0);
  EXPECT_EQ(crew->latencies().count(), 0u) << "warming up";
  crew->measure();
  echo(0, 1);
  crew->stop();
  echo(0, 2);
  EXPECT_EQ(crew->latencies().count(), 1u);
  EXPECT_EQ(crew->counts().answered.now(), 3u);
  server().hears();
  EXPECT_EQ(server().hears(), "") << "nothing new after the end";
}

TEST_F(CrewTest, AnOpenLoopCountsFromWhenAMessageWasDue) {
  // 1000 per second over two sessions: 0, 2, 4 ms are the first one's, 1, 3, 5 ms the other's.
  start_and_accept({.connections = 2, .size = 20, .rate = 1000});
  crew->send_due();
  EXPECT_EQ(server(0).hears_frames(), text(0, 0)) << "the first is due at once";
  EXPECT_EQ(server(1).hears_frames(), "");
  fine_clock.advance(5ms);  // this program slept
  crew->send_due();
  EXPECT_EQ(server(0).hears_frames(), text(0, 1) + text(0, 2));
  EXPECT_EQ(server(1).hears_frames(), text(1, 0) + text(1, 1) + text(1, 2));
  fine_clock.advance(1ms);
  echo(1, 0);  // due at 1 ms, answered at 6 ms
  EXPECT_EQ(crew->latencies().highest(), 5ms);
  echo(0, 0);
  EXPECT_EQ(crew->latencies().highest(), 6ms);
  EXPECT_EQ(crew->counts().sent.now(), 6u);
}

TEST_F(CrewTest, WhatFallsIntoOneStepIsDueAtItsBeginning) {
  // 1000 per second in steps of 2.5 ms: three messages at 0, two at 2.5, three at 5 ms, ...
  start_and_accept({.connections = 2, .size = 20, .rate = 1000}, "", 2500us);
  const Nanoseconds begin = fine_clock.now();
  EXPECT_EQ(crew->send_due(), begin + 2500us) << "when the next are due";
  EXPECT_EQ(server(0).hears_frames(), text(0, 0) + text(0, 1));
  EXPECT_EQ(server(1).hears_frames(), text(1, 0));
  fine_clock.advance(2499us);
  EXPECT_EQ(crew->send_due(), begin + 2500us);
  EXPECT_EQ(crew->counts().sent.now(), 3u);
  fine_clock.advance(1us);
  EXPECT_EQ(crew->send_due(), begin + 5ms);
  EXPECT_EQ(server(1).hears_frames(), text(1, 1));
  fine_clock.advance(1ms);
  for (int i : {0, 1}) echo(1, i);  // due at 0 and at 2.5 ms, answered at 3.5 ms
  EXPECT_EQ(crew->latencies().highest(), 3500us);
  EXPECT_EQ(crew->latencies().lowest(), 1ms);
}

TEST_F(CrewTest, AStepShorterThanTheIntervalChangesNothing) {
  start_and_accept({.connections = 1, .size = 20, .rate = 1000}, "", 300us);
  EXPECT_EQ(crew->schedule().step(), 0ms);
  EXPECT_EQ(crew->send_due(), fine_clock.now() + 1ms);
}

TEST_F(CrewTest, NothingIsDueInAClosedLoop) {
  start_and_accept({.connections = 1, .size = 20});
  EXPECT_EQ(crew->send_due(), Nanoseconds::max());
}

TEST_F(CrewTest, NothingIsDueAfterTheEnd) {
  start_and_accept({.connections = 1, .size = 20, .rate = 1000});
  crew->stop();
  EXPECT_EQ(crew->send_due(), Nanoseconds::max());
}

TEST_F(CrewTest, AStallOfTheServerIsInTheNumbersOfEveryMessageThatWasDue) {
  start_and_accept({.connections = 1, .size = 20, .rate = 1000});
  for (int i = 0; i < 100; ++i) {
    crew->send_due();
    fine_clock.advance(1ms);
  }
  for (std::uint64_t i = 0; i < 100; ++i) echo(0, i);  // it wakes up at 100 ms
  EXPECT_EQ(crew->latencies().count(), 100u);
  EXPECT_NEAR(double(crew->latencies().at(0.5).count()), 50e6, 1e6);
  EXPECT_EQ(crew->latencies().highest(), 100ms);
  EXPECT_EQ(crew->latencies().lowest(), 1ms);
}

TEST_F(CrewTest, AnAnswerThatIsNotTheOneThatWasSentEndsIt) {
  start_and_accept({.connections = 1, .size = 20});
  server().sends_text(std::string(20, 'x'));
  EXPECT_THAT(crew->failure(), HasSubstr("not the one that was sent"));
}

TEST_F(CrewTest, MoreAnswersThanMessagesEndIt) {
  start_and_accept({.connections = 1, .size = 20});
  server().sends(websocket::encode_frame(Opcode::text, message(0, 0)) +
                 websocket::encode_frame(Opcode::text, message(0, 1)));
  EXPECT_THAT(crew->failure(), HasSubstr("more messages came back"));
}

TEST_F(CrewTest, ARefusedSessionEndsItWithAdvice) {
  start({.connections = 1});
  server().hears();
  server().sends("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(crew->failure(), HasSubstr("404 Not Found: nothing is at that path"));
}

TEST_F(CrewTest, WantOfDescriptorsEndsItWithAdvice) {
  dialer.full = true;
  start({.connections = 1});
  EXPECT_THAT(crew->failure(), HasSubstr("ulimit -n"));
}

TEST_F(CrewTest, RemembersWhoWasLostAndWhy) {
  start_and_accept({.connections = 3, .size = 20});
  server(0).sends_close(1008, "too slow");
  EXPECT_THAT(server(0).hears_frames(), HasSubstr("close 1008"));
  server(1).end().reset();
  turn();
  EXPECT_THAT(crew->endings(), ElementsAre(Pair("closed by the server with 1008 too slow", 1),
                                           Pair("the server broke the connection off", 1)));
  EXPECT_EQ(crew->counts().lost.now(), 2u);
  EXPECT_EQ(crew->failure(), "");
  server(2).end().reset();
  turn();
  EXPECT_THAT(crew->failure(), HasSubstr("all sessions were lost"));
}

TEST_F(CrewTest, AnswersPings) {
  start_and_accept({.mode = BenchMode::idle, .connections = 1});
  server().sends_frame(Opcode::ping, "tick");
  EXPECT_EQ(server().hears_frames(), "pong tick\n");
}

TEST_F(CrewTest, SaysGoodbyeAndIsNotOffendedByTheAnswer) {
  start_and_accept({.mode = BenchMode::idle, .connections = 2});
  EXPECT_EQ(crew->counts().open.now(), 2u);
  crew->stop();
  crew->say_goodbye();
  for (std::size_t i : {0u, 1u}) {
    EXPECT_EQ(server(i).hears_frames(), "close 1000 \n");
    server(i).sends_close(1000);
  }
  EXPECT_EQ(crew->counts().open.now(), 0u);
  EXPECT_TRUE(crew->endings().empty());
}

TEST_F(CrewTest, OpensOnlySoManyAtATime) {
  start({.mode = BenchMode::idle, .connections = Crew::opening_at_once + 2});
  EXPECT_EQ(dialer.servers.size(), Crew::opening_at_once);
  server(5).accepts();
  EXPECT_EQ(dialer.servers.size(), Crew::opening_at_once + 1);
}

TEST_F(CrewTest, AStormOpensClosesAndOpensAgain) {
  start({.mode = BenchMode::connect, .connections = 1});
  EXPECT_TRUE(dialer.servers.empty()) << "not before it begins";
  crew->begin();
  crew->measure();
  fine_clock.advance(2ms);
  server(0).accepts();
  EXPECT_EQ(crew->latencies().highest(), 2ms);
  EXPECT_EQ(server(0).hears_frames(), "close 1000 \n");
  server(0).sends_close(1000);
  turn();
  EXPECT_TRUE(server(0).end().closed());
  EXPECT_EQ(crew->counts().answered.now(), 1u);
  ASSERT_EQ(dialer.servers.size(), 2u) << "the next one";
  server(1).hears();
  server(1).sends("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  turn();
  EXPECT_THAT(crew->endings(), ElementsAre(Pair("refused with 503", 1)));
  EXPECT_EQ(dialer.servers.size(), 3u) << "a refusal is counted, and the storm goes on";
  EXPECT_EQ(crew->failure(), "");
}

TEST_F(CrewTest, AStormInAnOpenLoopCountsFromWhenASessionWasDue) {
  start({.mode = BenchMode::connect, .connections = 1, .rate = 1000});
  crew->begin();
  crew->measure();
  crew->send_due();
  fine_clock.advance(10ms);
  crew->send_due();
  server(0).accepts();  // due at 0 ms
  server(0).sends_close(1000);
  turn();
  server(1).accepts();  // due at 1 ms, while the first one was still waiting
  EXPECT_EQ(crew->latencies().highest(), 10ms);
  EXPECT_EQ(crew->latencies().lowest(), 9ms);
}

TEST_F(CrewTest, AFanOutCountsEveryDeliveryAndTheLast) {
  start_and_accept({.mode = BenchMode::fan_out, .connections = 2, .size = 20});
  PlayedServer& publisher = server(2);
  EXPECT_EQ(publisher.hears_frames(), text(0, 0));
  fine_clock.advance(1ms);
  server(0).sends_text(message(0, 0));
  EXPECT_EQ(publisher.hears_frames(), "") << "one member is still missing";
  fine_clock.advance(1ms);
  server(1).sends_text(message(0, 0));
  EXPECT_EQ(publisher.hears_frames(), text(0, 1));
  EXPECT_EQ(crew->latencies().count(), 2u);
  EXPECT_EQ(crew->latencies().lowest(), 1ms);
  EXPECT_EQ(crew->last_latencies().count(), 1u);
  EXPECT_EQ(crew->last_latencies().highest(), 2ms);
  EXPECT_EQ(crew->counts().answered.now(), 2u);
  server(0).sends_close(1008);
  EXPECT_THAT(crew->failure(), HasSubstr("a member of the group was lost"));
}

TEST_F(CrewTest, SlowReadersFloodAndDoNotRead) {
  start_and_accept({.connections = 1, .size = 20, .slow = 1});
  PlayedServer& flooded = *slow_dialer.servers.at(0);
  EXPECT_GT(flooded.hears().size(), 1000u);
  flooded.sends_close(1008, "too slow");
  EXPECT_TRUE(crew->slow_endings().empty()) << "it does not read that either";
  flooded.end().reset();
  turn();
  EXPECT_EQ(crew->slow_endings().size(), 1u);
  EXPECT_TRUE(crew->endings().empty()) << "they are meant to be thrown out";
  EXPECT_EQ(crew->failure(), "");
}

TEST_F(CrewTest, SlowReadersTakeSoMuchPerSecond) {
  start_and_accept({.connections = 1, .size = 20, .slow = 1, .read_rate = 1 << 20});
  net::MemoryEnd& end = slow_dialer.servers.at(0)->end();
  const std::string flood(net::MemoryOptions{}.window_bytes, 'x');
  EXPECT_EQ(end.write(flood), flood.size());
  turn();  // it was owed a tenth of a second: 100 KiB; the read took 256
  EXPECT_EQ(end.write(flood), flood.size());
  turn();
  EXPECT_EQ(end.write("x"), 0u) << "nothing is read now";
  clock.advance(milliseconds{120});
  turn();
  EXPECT_EQ(end.write("x"), 0u) << "200 of 256 KiB are owed";
  clock.advance(milliseconds{120});
  turn();
  EXPECT_EQ(end.write("x"), 1u);
}

TEST_F(CrewTest, CompressionMustBeAgreedOn) {
  start({.connections = 1, .deflate = true});
  EXPECT_THAT(server().accepts(), HasSubstr("permessage-deflate; client_no_context_takeover"));
  EXPECT_THAT(crew->failure(), HasSubstr("the server does not compress"));
}

TEST_F(CrewTest, CompressedMessagesAreCheckedToo) {
  start_and_accept({.connections = 1, .size = 200, .deflate = true},
                   "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n");
  websocket::DeflateEngine engine;
  const auto answer = [&](std::uint64_t variant) {
    const auto bytes = plan.payload.with(Payload::variant_tag(variant));
    server().sends_frame(Opcode::text, engine.compress(bytes), {.compressed = true});
  };
  answer(0);
  EXPECT_EQ(crew->counts().answered.now(), 1u);
  answer(2);
  EXPECT_THAT(crew->failure(), HasSubstr("not the one that was sent"));
}

}  // namespace
}  // namespace orrery::cli
