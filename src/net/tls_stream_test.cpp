// What flows through an established TLS connection, however the bytes below are cut.
#include "net/tls_stream.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "net/tls_fixture.h"

namespace orrery::net {
namespace {

constexpr auto everything = static_cast<std::size_t>(-1);

class TlsStreamTest : public TlsFixture {
 protected:
  /// What goes one way between two wires, through the hands of the test.
  struct Way {
    std::string held = {};  // read from one wire, not yet written to the other
    std::size_t carried = 0;
    bool finished = false;

    // Carries what there is, but nothing beyond byte `limit`; says whether anything moved.
    bool carry(MemoryEnd& from, MemoryEnd& to, std::size_t limit) {
      held += from.read();
      const auto now = to.write(held.substr(0, limit - std::min(limit, carried)));
      held.erase(0, now);
      carried += now;
      const bool finishes = !finished && held.empty() && from.state() == MemoryState::finished;
      if (finishes) to.finish_writing();
      finished = finished || finishes;
      return now > 0 || finishes;
    }
  };

  /// Client and server on wires of their own; pass() carries the bytes between them.
  void connect_apart() {
    auto [below_server, to_server] = MemoryStream::driven(loop);
    auto [below_client, to_client] = MemoryStream::driven(loop);
    server = Side{over(std::move(below_server), servers)};
    client = Side{over(std::move(below_client), clients, "orrery.test")};
    server_wire = std::move(to_server);
    client_wire = std::move(to_client);
    up = down = Way{};
    server.talker->sit_on(*server.stream, Answer::echo);
    client.talker->sit_on(*client.stream);
  }

  /// Carries all there is, but in each direction nothing beyond the given number of bytes.
  void pass(std::size_t up_bytes, std::size_t down_bytes) {
    bool moved = true;
    while (moved) {
      settle();
      moved = up.carry(client_wire, server_wire, up_bytes);
      moved = down.carry(server_wire, client_wire, down_bytes) || moved;
    }
  }

  void client_says_hello_and_goodbye() {
    client.talker->say("hello");
    client.talker->finish();
  }
  void expect_hello_and_goodbye(std::size_t cut) {
    EXPECT_EQ(server.heard(), "hello") << "cut at " << cut;
    EXPECT_EQ(client.heard(), "hello") << "cut at " << cut;
    for (const Side* side : {&server, &client}) {
      EXPECT_EQ(side->talker->ends, 1U) << "cut at " << cut;
      EXPECT_EQ(side->talker->end_error, 0) << "cut at " << cut;
      EXPECT_FALSE(side->stream->truncated()) << "cut at " << cut;
    }
  }

  Context servers = server_context();
  Context clients = client_context();
  MemoryEnd server_wire, client_wire;
  Way up, down;
};

TEST_F(TlsStreamTest, EchoesMessagesOfAnySize) {
  connect();
  settle();
  std::string said;
  for (const std::size_t bytes :
       {1U, 2U, 125U, 4096U, 16'383U, 16'384U, 16'385U, 70'000U, 1U << 20U}) {
    const auto text = long_text(bytes);
    said += text;
    client.talker->say(text);
    settle();
    ASSERT_EQ(client.heard().size(), said.size()) << bytes;
  }
  EXPECT_TRUE(client.heard() == said);
  EXPECT_EQ(server.talker->ends, 0U);
}

TEST_F(TlsStreamTest, ManyRecordsComeInOneDelivery) {
  connect({.window_bytes = 512 * 1024}, Answer::nothing);
  settle();
  client.talker->say(long_text(200'000));
  settle();
  EXPECT_TRUE(server.heard() == long_text(200'000));
  EXPECT_EQ(server.talker->deliveries, 1U);
}

TEST_F(TlsStreamTest, SmallPiecesShareARecordAndAWrite) {
  connect({}, Answer::nothing);
  settle();
  std::string pieces_text = long_text(600);
  std::vector<iovec> pieces;
  for (std::size_t i = 0; i < 60; ++i) pieces.push_back({pieces_text.data() + i * 10, 10});
  pieces.insert(pieces.begin() + 30, iovec{nullptr, 0});
  const auto before = wire_below_server->operations();
  EXPECT_EQ(server.stream->write(pieces).bytes, 600U);
  EXPECT_EQ(wire_below_server->operations() - before, 1U);
  settle();
  EXPECT_TRUE(client.heard() == pieces_text);
  EXPECT_EQ(client.talker->deliveries, 1U);
}

TEST_F(TlsStreamTest, LargeAndSmallPiecesKeepTheirOrder) {
  connect({.window_bytes = 1024 * 1024}, Answer::nothing);
  settle();
  std::string text = long_text(100'000);
  const std::size_t sizes[] = {10, 40'000, 1, 16'384, 0, 30'000, 13'605};
  std::vector<iovec> pieces;
  std::size_t at = 0;
  for (const auto size : sizes) {
    pieces.push_back({text.data() + at, size});
    at += size;
  }
  ASSERT_EQ(at, text.size());
  EXPECT_EQ(server.stream->write(pieces).bytes, text.size());
  settle();
  EXPECT_TRUE(client.heard() == text);
}

TEST_F(TlsStreamTest, ArrivesByteByByteToo) {
  connect({.chunk_bytes = 1});
  client.talker->say(long_text(20'000));
  client.talker->finish();
  settle();
  EXPECT_TRUE(client.heard() == long_text(20'000));
  EXPECT_EQ(client.talker->ends, 1U);
  EXPECT_EQ(server.talker->ends, 1U);
}

TEST_F(TlsStreamTest, AnyWindowBelowIsEnough) {
  for (std::size_t window = 1; window <= 100; ++window) {
    const auto text = long_text(window % 33 == 1 ? 17'000 : 300);  // more than a record, or less
    connect({.window_bytes = window});
    client.talker->say(text);
    client.talker->finish();
    settle();
    ASSERT_TRUE(client.heard() == text) << "window " << window << ": " << client.heard().size();
    EXPECT_EQ(client.talker->ends, 1U) << "window " << window;
    EXPECT_EQ(client.talker->end_error, 0) << "window " << window;
    EXPECT_FALSE(client.stream->truncated()) << "window " << window;
    EXPECT_FALSE(server.stream->truncated()) << "window " << window;
  }
}

TEST_F(TlsStreamTest, ASlowPeerCostsOneRecord) {
  connect({.window_bytes = 8 * 1024}, Answer::nothing);
  settle();
  client.stream->pause_reading();
  std::string much = long_text(1 << 20);
  const iovec piece{much.data(), much.size()};
  const auto first = server.stream->write({&piece, 1});
  EXPECT_EQ(first.error, 0);
  EXPECT_EQ(first.bytes, TlsScratch::record_bytes) << "taken: what fits, and one record at most";
  EXPECT_EQ(server.stream->write({&piece, 1}).bytes, 0U);
  EXPECT_EQ(server.talker->writables, 0U);
  client.stream->resume_reading();
  settle();
  EXPECT_EQ(server.talker->writables, 1U);
  EXPECT_EQ(client.heard().size(), first.bytes);
}

TEST_F(TlsStreamTest, EveryCutBeforeTheServerGivesTheSameConversation) {
  std::size_t total = everything;
  for (std::size_t cut = 0; cut <= total; ++cut) {
    connect_apart();
    client_says_hello_and_goodbye();
    pass(cut, everything);
    pass(everything, everything);
    expect_hello_and_goodbye(cut);
    total = up.carried;
  }
  EXPECT_GT(total, 300U);
}

TEST_F(TlsStreamTest, EveryCutBeforeTheClientGivesTheSameConversation) {
  std::size_t total = everything;
  for (std::size_t cut = 0; cut <= total; ++cut) {
    connect_apart();
    client_says_hello_and_goodbye();
    pass(everything, cut);
    pass(everything, everything);
    expect_hello_and_goodbye(cut);
    total = down.carried;
  }
  EXPECT_GT(total, 800U);
}

TEST_F(TlsStreamTest, AConversationThatBreaksOffAnywhereEndsOnce) {
  std::size_t total = everything;
  for (std::size_t cut = 0; cut <= total; ++cut) {
    connect_apart();
    client.talker->say("hello");
    pass(cut, everything);
    total = up.carried + up.held.size();
    server_wire.finish_writing();
    pass(cut, everything);
    EXPECT_EQ(server.talker->ends, 1U) << "cut at " << cut;
    EXPECT_EQ(server.talker->end_error, 0) << "cut at " << cut;
    EXPECT_TRUE(server.stream->truncated()) << "cut at " << cut;
    EXPECT_TRUE(server.heard().empty() || server.heard() == "hello") << "cut at " << cut;
  }
  EXPECT_EQ(server.heard(), "hello") << "the last cut is behind everything";
}

TEST_F(TlsStreamTest, AByteThatChangedOnTheWayIsNeverHeard) {
  std::size_t total = everything;
  for (std::size_t cut = 0; cut < total; ++cut) {
    connect_apart();
    client.talker->say("hello");
    pass(cut, everything);
    total = std::max(up.carried + up.held.size(), cut + 1);
    if (!up.held.empty()) up.held[0] = static_cast<char>(up.held[0] ^ 0x55);
    pass(everything, everything);
    server_wire.finish_writing();
    pass(everything, everything);
    EXPECT_EQ(server.talker->ends, 1U) << "byte " << cut;
    EXPECT_TRUE(server.heard().empty() || server.heard() == "hello") << "byte " << cut;
    if (cut + 1 == total) {
      EXPECT_EQ(server.talker->end_error, EPROTO) << "the last byte is authenticated";
      EXPECT_NE(server.stream->last_error(), "");
    }
  }
}

TEST_F(TlsStreamTest, FarewellIsCloseNotifyAndReadingGoesOn) {
  connect({}, Answer::nothing);
  client.talker->say("question");
  client.talker->finish();
  settle();
  EXPECT_EQ(server.heard(), "question");
  EXPECT_EQ(server.talker->ends, 1U);
  EXPECT_FALSE(server.stream->truncated());
  EXPECT_EQ(client.talker->ends, 0U);
  server.talker->say("answer");
  server.talker->finish();
  settle();
  EXPECT_EQ(client.heard(), "answer");
  EXPECT_EQ(client.talker->end_error, 0);
  EXPECT_FALSE(client.stream->truncated());
  std::string late = "late";
  const iovec piece{late.data(), late.size()};
  EXPECT_EQ(client.stream->write({&piece, 1}).error, EPIPE);
}

TEST_F(TlsStreamTest, AfterThePeersEndAWriterIsStillToldOfRoomAndOfTrouble) {
  connect({.window_bytes = 1000}, Answer::nothing);
  settle();
  client.talker->finish();
  settle();
  ASSERT_EQ(server.talker->ends, 1U);
  server.talker->say(long_text(40'000));
  settle();
  EXPECT_TRUE(client.heard() == long_text(40'000));
  client.stream->pause_reading();
  server.talker->say(long_text(40'000));
  settle();
  client.stream->abort();
  settle();
  EXPECT_EQ(server.talker->ends, 1U);
  EXPECT_EQ(server.talker->write_error, ECONNRESET);
}

TEST_F(TlsStreamTest, AnEndWithoutFarewellIsRemembered) {
  connect({}, Answer::nothing);
  client.talker->say("cut sho");
  settle();
  client.stream.reset();
  settle();
  EXPECT_EQ(server.heard(), "cut sho");
  EXPECT_EQ(server.talker->ends, 1U);
  EXPECT_EQ(server.talker->end_error, 0);
  EXPECT_TRUE(server.stream->truncated());
}

TEST_F(TlsStreamTest, PausedMeansSilenceWhateverWaitsInside) {
  connect({}, Answer::nothing);
  settle();
  server.talker->pauses_at = 1;
  const auto text = long_text(900'000);  // more than the loop's read buffer and the scratch
  client.talker->say(text);
  client.talker->finish();
  settle();
  std::size_t heard = 0;
  for (std::size_t resumed = 0; server.heard().size() < text.size(); ++resumed) {
    ASSERT_EQ(server.talker->deliveries, resumed + 1) << "one delivery per resume_reading()";
    ASSERT_GT(server.heard().size(), heard);
    ASSERT_EQ(server.talker->ends, 0U);
    heard = server.heard().size();
    server.stream->resume_reading();
    EXPECT_EQ(server.heard().size(), heard) << "resume_reading() tells nothing before it returns";
    settle();
  }
  EXPECT_TRUE(server.heard() == text);
  server.stream->resume_reading();
  settle();
  EXPECT_EQ(server.talker->ends, 1U);
  EXPECT_FALSE(server.stream->truncated());
}

TEST_F(TlsStreamTest, ABrokenPeerIsToldEvenWhilePaused) {
  connect({}, Answer::nothing);
  settle();
  server.stream->pause_reading();
  client.talker->say("never heard");
  client.stream->abort();
  settle();
  EXPECT_EQ(server.talker->end_error, ECONNRESET);
  EXPECT_EQ(server.talker->ends, 1U);
  EXPECT_EQ(server.heard(), "");
  EXPECT_EQ(client.talker->ends, 0U);
}

TEST_F(TlsStreamTest, AbortInsideADeliveryEndsItThere) {
  struct Hothead : StreamTalker {
    Stream* stream = nullptr;
    void on_bytes(std::span<char>) override {
      ++deliveries;
      stream->abort();
    }
  };
  auto below = MemoryStream::pair(loop, {.window_bytes = 1024 * 1024});
  auto hothead = std::make_unique<Hothead>();
  server = Side{over(std::move(below.first), servers)};
  client = Side{over(std::move(below.second), clients, "orrery.test")};
  hothead->stream = server.stream.get();
  hothead->sit_on(*server.stream);
  client.talker->sit_on(*client.stream);
  client.talker->say(long_text(400'000));
  settle();
  EXPECT_EQ(hothead->deliveries, 1U);
  EXPECT_EQ(hothead->ends, 0U);
  EXPECT_EQ(client.talker->end_error, ECONNRESET);
}

TEST_F(TlsStreamTest, WhereverTheInnerStreamFailsTheOwnerIsToldOnce) {
  const auto converse = [this](std::size_t failing) {
    connect({.window_bytes = 600, .chunk_bytes = 400});
    if (failing > 0) wire_below_server->fail_operation(failing, ETIMEDOUT);
    client.talker->say(long_text(5'000));
    client.talker->finish();
    settle();
    EXPECT_EQ(server.talker->ends, 1U) << "operation " << failing;
    return wire_below_server->operations();
  };
  const auto operations = converse(0);
  EXPECT_TRUE(client.heard() == long_text(5'000));
  ASSERT_GT(operations, 20U);
  for (std::size_t n = 1; n <= operations; ++n) {
    EXPECT_EQ(converse(n), n);
    EXPECT_TRUE(server.talker->end_error == ETIMEDOUT || server.talker->write_error == ETIMEDOUT ||
                server.talker->end_error == 0)
        << "operation " << n << ": " << server.talker->end_error;
  }
}

}  // namespace
}  // namespace orrery::net
