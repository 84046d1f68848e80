#include "net/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

namespace orrery::net {
namespace {

constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();

// Takes `appetite` bytes per write, and remembers them.
class Reader final : public Stream {
 public:
  void start(StreamEvents&) override {}
  Written write(std::span<const iovec> pieces) override {
    ++writes;
    most_pieces = std::max(most_pieces, pieces.size());
    first_piece = pieces.front().iov_base;
    if (error != 0) return {.bytes = 0, .error = error};
    std::size_t left = appetite;
    for (const iovec& piece : pieces) {
      const std::size_t bytes = std::min(left, piece.iov_len);
      received.append(static_cast<const char*>(piece.iov_base), bytes);
      left -= bytes;
    }
    return {.bytes = appetite - left};
  }
  void pause_reading() override {}
  void resume_reading() override {}
  void finish_writing() override {}
  void abort() override {}
  [[nodiscard]] Peer peer() const override { return {}; }

  std::size_t appetite = everything;
  int error = 0;
  std::string received;
  int writes = 0;
  std::size_t most_pieces = 0;
  const void* first_piece = nullptr;
};

struct OutboxTest : testing::Test {
  ChunkPool pool;
  Outbox outbox{pool};
  Reader reader;

  std::string text(std::size_t bytes) {
    std::string result(bytes, ' ');
    for (char& letter : result) letter = static_cast<char>('a' + counter_++ % 26);
    return result;
  }

 private:
  int counter_ = 0;
};

TEST_F(OutboxTest, WhatIsExpectedLiesInOnePiece) {
  std::ranges::copy(std::string("1234"), outbox.begin(8000));
  outbox.filled(4);
  const std::string more = text(7000);
  outbox.append(more);
  EXPECT_TRUE(outbox.only_piece() == "1234" + more);
  outbox.append(text(9500));
  EXPECT_TRUE(outbox.only_piece().empty());
  EXPECT_EQ(outbox.flush(reader).bytes, 16'504u);
  EXPECT_EQ(reader.most_pieces, 2u);
}

TEST_F(OutboxTest, ThereIsRoomBehindCopiedBytesAsLongAsTheirPieceHasSome) {
  EXPECT_EQ(outbox.room_for(1), nullptr) << "an empty one holds no memory";
  outbox.append("ab");
  outbox.consume(1);  // what was written is no room
  char* const room = outbox.room_for(3);
  ASSERT_NE(room, nullptr);
  std::ranges::copy(std::string("cde"), room);
  outbox.filled(3);
  EXPECT_EQ(outbox.only_piece(), "bcde");
  EXPECT_EQ(outbox.size(), 4U);
  EXPECT_EQ(outbox.unpaid_bytes(), 4U);
  EXPECT_EQ(outbox.room_for(ChunkPool::long_bytes), nullptr);
  const std::string kept = text(10);
  outbox.borrow(kept);
  EXPECT_EQ(outbox.room_for(1), nullptr) << "somebody else's bytes";
  outbox.append("fg");
  const SharedBytes shared(text(1000));
  outbox.append(shared);
  EXPECT_EQ(outbox.room_for(1), nullptr) << "bytes of many";
  outbox.flush(reader);
  EXPECT_EQ(reader.received, "bcde" + kept + "fg" + std::string(shared.view()));
}

TEST_F(OutboxTest, NothingIsWrittenBeforeFlush) {
  outbox.append("head ", "payload");
  EXPECT_EQ(reader.writes, 0);
  EXPECT_EQ(outbox.size(), 12U);
  const Written written = outbox.flush(reader);
  EXPECT_EQ(written.bytes, 12U);
  EXPECT_EQ(reader.received, "head payload");
  EXPECT_TRUE(outbox.empty());
}

TEST_F(OutboxTest, TheAnswersOfATurnLeaveInOneWriteOfOnePiece) {
  for (int i = 0; i < 16; ++i) outbox.append("hh", text(16));
  outbox.append(SharedBytes(text(Outbox::copied_bytes)));
  outbox.flush(reader);
  EXPECT_EQ(reader.writes, 1);
  EXPECT_EQ(reader.most_pieces, 1U);
}

TEST_F(OutboxTest, AnEmptyOneWritesNothing) {
  outbox.append("", "");
  outbox.append(SharedBytes{});
  const Written written = outbox.flush(reader);
  EXPECT_EQ(written.bytes, 0U);
  EXPECT_EQ(reader.writes, 0);
}

TEST_F(OutboxTest, EveryByteArrivesInOrderHoweverFewAreTakenAtATime) {
  for (std::size_t appetite = 1; appetite <= 3200; appetite += appetite < 200 ? 1 : 97) {
    const SharedBytes shared(text(1000));
    std::string expected;
    const auto append = [&](std::string head, std::string payload) {
      outbox.append(head, payload);
      expected += head + payload;
    };
    append("A", text(10));
    append("BB", text(1500));
    outbox.append(shared);
    expected += shared.view();
    append("CC", "");
    outbox.append(SharedBytes("small"));
    expected += "small";
    append("", text(600));
    ASSERT_EQ(outbox.size(), expected.size());

    reader.received.clear();
    reader.appetite = appetite;
    const auto before = outbox.written_bytes();
    while (!outbox.empty()) {
      const Written written = outbox.flush(reader);
      ASSERT_GT(written.bytes, 0U);
      ASSERT_EQ(outbox.written_bytes() - before, reader.received.size());
      ASSERT_EQ(outbox.size(), expected.size() - reader.received.size());
    }
    ASSERT_EQ(reader.received, expected) << appetite;
  }
}

TEST_F(OutboxTest, WhatIsAppendedBehindAHalfWrittenChunkFollowsIt) {
  outbox.append("", "abcdef");
  reader.appetite = 2;
  outbox.flush(reader);
  outbox.append("", "ghi");
  reader.appetite = everything;
  outbox.flush(reader);
  EXPECT_EQ(reader.received, "abcdefghi");
}

TEST_F(OutboxTest, ABlockedStreamTakesNothingAndLosesNothing) {
  outbox.append("", "abc");
  reader.appetite = 0;
  EXPECT_EQ(outbox.flush(reader).bytes, 0U);
  EXPECT_EQ(reader.writes, 1) << "waits for on_writable";
  EXPECT_EQ(outbox.size(), 3U);
  EXPECT_EQ(outbox.written_bytes(), 0U) << "no progress";
}

TEST_F(OutboxTest, AnErrorIsReturnedOnceAndEndsTheFlush) {
  outbox.append("", text(500'000));
  reader.error = ECONNRESET;
  EXPECT_EQ(outbox.flush(reader).error, ECONNRESET);
  EXPECT_EQ(reader.writes, 1);
}

TEST_F(OutboxTest, MoreThanSixtyFourPiecesTakeFurtherWrites) {
  const SharedBytes shared(text(600));
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    outbox.append(shared);
    expected += shared.view();
  }
  outbox.flush(reader);
  EXPECT_EQ(reader.received, expected);
  EXPECT_EQ(reader.most_pieces, 64U);
  EXPECT_EQ(reader.writes, 2);
}

TEST_F(OutboxTest, LargeSharedBytesAreNotCopiedAndLiveUntilTheyAreWritten) {
  auto shared = std::make_unique<SharedBytes>(text(100'000));
  const void* bytes = shared->view().data();
  const std::string expected = std::string(shared->view()) + std::string(shared->view());
  outbox.append(*shared);
  outbox.append(*shared);
  shared.reset();
  reader.appetite = 150'000;
  outbox.flush(reader);
  EXPECT_EQ(reader.first_piece, bytes);
  reader.appetite = everything;
  outbox.flush(reader);
  EXPECT_EQ(reader.received, expected);
}

TEST_F(OutboxTest, AMegabyteIsCopiedIntoFewChunks) {
  const std::string megabyte = text(1024 * 1024);
  outbox.append("head", megabyte);
  outbox.flush(reader);
  EXPECT_EQ(reader.received, "head" + megabyte);
  EXPECT_LE(reader.most_pieces, 17U);
}

TEST_F(OutboxTest, WhatIsBorrowedIsWrittenFromWhereItIs) {
  std::string lent = text(5000);
  outbox.append("head");
  outbox.borrow(lent);
  outbox.append("tail");
  EXPECT_EQ(outbox.size(), 5008U);
  EXPECT_EQ(outbox.unpaid_bytes(), 5008U);
  lent[0] = '!';
  outbox.flush(reader);
  EXPECT_EQ(reader.received, "head" + lent + "tail");
  EXPECT_TRUE(outbox.empty());
}

TEST_F(OutboxTest, WhatIsLeftOfItCanBeKept) {
  for (const std::size_t appetite : {0U, 3U, 4U, 5U, 2000U, 5003U, 5004U, 100'008U}) {
    std::string lent = text(5000), more = text(100'000);
    const std::string expected = "head" + lent + "mid" + more + "tail";
    reader.received.clear();
    reader.appetite = appetite;
    outbox.append("head");
    outbox.borrow(lent);
    outbox.append("mid");
    outbox.borrow(more);
    outbox.flush(reader);
    outbox.keep_borrowed();
    lent.assign(lent.size(), '!');
    more.assign(more.size(), '!');
    outbox.append("tail");
    EXPECT_EQ(outbox.size(), expected.size() - reader.received.size());
    reader.appetite = everything;
    outbox.flush(reader);
    EXPECT_EQ(reader.received, expected) << appetite;
  }
}

TEST_F(OutboxTest, AfterWarmUpTheSameChunksServeAgain) {
  const SharedBytes shared(text(1000));
  const auto turn = [&] {
    outbox.append("hh", text(3000));
    outbox.append(shared);
    outbox.append("hh", text(20));
    outbox.flush(reader);
    return pool.retained_bytes();
  };
  const std::size_t warm = turn();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(turn(), warm);
}

TEST_F(OutboxTest, ClearGivesEverythingBack) {
  outbox.append("hh", text(100));
  outbox.append(SharedBytes(text(1000)));
  const std::size_t before = pool.retained_bytes();
  outbox.clear();
  EXPECT_TRUE(outbox.empty());
  EXPECT_GT(pool.retained_bytes(), before);
  outbox.append("", "again");
  outbox.flush(reader);
  EXPECT_EQ(reader.received, "again");
}

}  // namespace
}  // namespace orrery::net
