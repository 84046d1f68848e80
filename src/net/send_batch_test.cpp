#include "net/send_batch.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "net/poller_fixture.h"
#include "net/tcp_stream.h"

namespace orrery::net {
namespace {

struct Ends {
  explicit Ends() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    here = Descriptor(fds[0]);
    there = Descriptor(fds[1]);
  }
  [[nodiscard]] std::string heard() const {
    std::string bytes(1 << 20, '\0');
    const auto got = ::recv(there.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  Descriptor here, there;
};

std::size_t rings() {
  std::size_t found = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the directory's own
    found += std::filesystem::read_symlink(each.path(), gone) == "anon_inode:[io_uring]" ? 1 : 0;
  }
  return found;
}

// The cases exist where there is a ring: the parameter says so, and nothing else.
class SendBatchTest : public testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<SendBatch> batch = std::move(SendBatch::create()).value();
};

TEST_P(SendBatchTest, SendsToManyAtOnceAndSaysHowMuchEachTook) {
  std::vector<Ends> all(SendBatch::most);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < all.size(); ++i) words.push_back("to " + std::to_string(i));
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) batch->add(all[i].here.get(), words[i]);
    EXPECT_TRUE(batch->full());
    batch->send();
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(batch->result(i), static_cast<int>(words[i].size()));
      EXPECT_EQ(all[i].heard(), words[i]);
    }
    batch->clear();
    EXPECT_EQ(batch->size(), 0U);
  }
}

TEST_P(SendBatchTest, WhoIsFullOrGoneDisturbsNobody) {
  Ends first, full, gone, last;
  const std::string block(1 << 20, 'x');
  while (::send(full.here.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
  }
  gone.there.close();
  for (const int fd : {first.here.get(), full.here.get(), gone.here.get(), -1, last.here.get()})
    batch->add(fd, "hello");
  batch->send();
  EXPECT_EQ(batch->result(0), 5);
  EXPECT_EQ(batch->result(1), -EAGAIN);
  EXPECT_EQ(batch->result(2), -EPIPE);
  EXPECT_EQ(batch->result(3), -EBADF);
  EXPECT_EQ(batch->result(4), 5);
  EXPECT_EQ(batch->offered(4), 5U);
}

TEST_P(SendBatchTest, MoreThanFitsIsTakenInPart) {
  Ends one, other;
  const std::string much(8 << 20, 'x');
  batch->add(one.here.get(), much);
  batch->add(other.here.get(), "little");
  batch->send();
  EXPECT_GT(batch->result(0), 0);
  EXPECT_LT(batch->result(0), static_cast<int>(much.size()));
  EXPECT_EQ(batch->result(1), 6);
}

TEST_P(SendBatchTest, OneMadeLaterSendsToOneAndToManyAlike) {
  const auto later = SendBatch::create_later();
  const std::size_t others = rings();
  Ends one, other;
  for (const std::size_t round : {1, 2, 3}) {
    later->add(one.here.get(), "one");
    if (round > 1) later->add(other.here.get(), "other");
    later->send();
    EXPECT_EQ(rings() - others, round > 1 ? 1U : 0U);
    EXPECT_EQ(later->result(0), 3);
    EXPECT_EQ(one.heard(), "one");
    EXPECT_EQ(other.heard(), round > 1 ? "other" : "");
    later->clear();
  }
}

TEST_P(SendBatchTest, OneMadeLaterDoesWithoutARingWhereItGetsNone) {
  const auto later = SendBatch::create_later();
  const std::size_t others = rings();
  Ends one, other;
  for (const bool crowded : {true, false}) {
    later->add(one.here.get(), "one");
    later->add(other.here.get(), "other");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit nothing_more{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, crowded ? &nothing_more : &before), 0);
    later->send();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(one.heard(), "one");
    EXPECT_EQ(other.heard(), "other");
    later->clear();
  }
  EXPECT_EQ(rings(), others);
}

void expect_a_stream_takes_part_until_it_is_full(std::unique_ptr<Poller> poller) {
  SystemClock clock;
  Loop loop(clock, std::move(poller));
  class Waiting final : public StreamEvents {
   public:
    void on_bytes(std::span<char>) override {}
    void on_writable() override { ++writables; }
    void on_end(int) override {}
    int writables = 0;
  } waiting;
  Ends ends, reader;
  TcpStream stream(loop, std::move(ends.here), {});
  stream.start(waiting);
  SendBatch& shared = *loop.poller().send_batch();
  const std::string block(64 * 1024, 'x');
  std::size_t taken = 0;
  while (stream.write_with(shared, block)) {
    shared.add(reader.here.get(), "beside it");
    shared.send();
    EXPECT_EQ(reader.heard(), "beside it");
    const Written written = stream.wrote(shared.offered(0), shared.result(0));
    EXPECT_EQ(written.error, 0);
    taken += written.bytes;
    shared.clear();
  }
  loop.turn(milliseconds{0});
  EXPECT_EQ(waiting.writables, 0);
  for (std::size_t heard = 0; heard < taken;) heard += ends.heard().size();
  while (waiting.writables == 0) ASSERT_TRUE(loop.turn(milliseconds{10'000}));
  EXPECT_TRUE(stream.write_with(shared, "again"));
  shared.send();
  EXPECT_EQ(stream.wrote(5, shared.result(0)).bytes, 5U);
  ends.there.close();
  shared.clear();
  EXPECT_TRUE(stream.write_with(shared, "too late"));
  shared.send();
  EXPECT_EQ(stream.wrote(8, shared.result(0)).error, EPIPE);
}

TEST_P(SendBatchTest, AStreamTakesPartUntilItIsFull) {
  expect_a_stream_takes_part_until_it_is_full(std::move(UringPoller::create()).value());
}

TEST(SendBatchOnEpoll, AStreamTakesPartUntilItIsFull) {
  using enum EpollPoller::Sends;
  expect_a_stream_takes_part_until_it_is_full(std::move(EpollPoller::create(in_batches)).value());
}

INSTANTIATE_TEST_SUITE_P(Uring, SendBatchTest,
                         testing::ValuesIn(std::vector<bool>(tests_io_uring() ? 1 : 0, true)));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SendBatchTest);

TEST(ARefusedRing, SaysWhyInWords) {
  EXPECT_EQ(no_ring(ENOSYS).message,
            "io_uring is not to be had here: Function not implemented (the kernel is built without "
            "it, or a sandbox hides it)");
  EXPECT_NE(no_ring(EPERM).message.find("Operation not permitted (kernel.io_uring_disabled "),
            std::string::npos);
  EXPECT_NE(no_ring(EINVAL).message.find("too old"), std::string::npos);
}

}  // namespace
}  // namespace orrery::net
