// What the sessions of each mode do.
#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "cli/bench_session.h"

namespace orrery::cli {
namespace {

// Sends messages, as many as it is told: the base of whoever fills a connection.
class Sender : public BenchSession {
 public:
  using BenchSession::BenchSession;

 protected:
  /// From this number on, at most `count` messages; how many were sent.
  std::uint64_t send(std::uint64_t first, std::uint64_t count) {
    if (connection_->unsent_bytes() > 0) return 0;
    const auto fitting = std::min<std::uint64_t>(count, crew_.press().most());
    connection_->write(crew_.press().press(sender_, first, static_cast<std::size_t>(fitting)));
    return fitting;
  }
  void on_room() override { push(); }
  virtual void push() = 0;
};

class EchoSession final : public Sender {
 public:
  EchoSession(Crew& crew, std::uint32_t sender)
      : Sender(crew, sender), closed_loop_(!crew.schedule().is_open_loop()) {
    if (closed_loop_) since_.resize(std::bit_ceil(crew.plan().options.depth));
  }

  void begin() override {
    if (closed_loop_) ask(crew_.plan().options.depth, crew_.clock().now());
  }
  void due(std::uint64_t number) override {
    if (due_ == 0) first_ = number;
    crew_.counts().sent.add(1);
    ++due_;
  }
  void send_due() override {
    if (is_open()) push();
  }

 private:
  void ask(std::uint64_t messages, Nanoseconds now) {
    for (std::uint64_t i = 0; i < messages; ++i) since_[(due_ + i) & (since_.size() - 1)] = now;
    crew_.counts().sent.add(messages);
    due_ += messages;
    push();
  }
  [[nodiscard]] Nanoseconds since_when(std::uint64_t message) const {
    return closed_loop_ ? since_[message & (since_.size() - 1)] : crew_.due_at(first_, message);
  }
  void push() override {
    while (sent_ < due_) {
      const auto sent = send(sent_, due_ - sent_);
      if (sent == 0) return;
      sent_ += sent;
    }
  }
  void on_answers(std::uint64_t messages, Nanoseconds now) override {
    if (answered_ + messages > sent_)
      return crew_.fail("more messages came back than were sent: is that an echo?");
    for (const std::uint64_t end = answered_ + messages; answered_ < end;) {
      const Nanoseconds since = since_when(answered_);
      std::uint64_t alike = 1;  // that were sent together
      while (answered_ + alike < end && since_when(answered_ + alike) == since) ++alike;
      crew_.record(since, now, alike);
      answered_ += alike;
    }
    crew_.counts().answered.add(messages);
    if (closed_loop_ && crew_.sending()) ask(messages, now);
  }

  const bool closed_loop_;
  std::vector<Nanoseconds> since_{};  // of what is under way, in a closed loop
  std::uint64_t first_ = 0;           // its number in the schedule, in an open one
  std::uint64_t due_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
};

class Publisher final : public Sender {
 public:
  explicit Publisher(Crew& crew) : Sender(crew, 0) {}

  void begin() override {
    if (crew_.schedule().is_open_loop()) return;
    due_ += crew_.plan().options.depth;
    push();
  }
  void due(std::uint64_t) override { ++due_; }
  void send_due() override {
    if (is_open()) push();
  }
  void on_reached(std::uint64_t publications) override {
    if (!crew_.schedule().is_open_loop() && crew_.sending()) due_ += publications;
    if (is_open()) push();
  }

 private:
  void push() override {
    Publications& all = *crew_.plan().publications;
    const bool open_loop = crew_.schedule().is_open_loop();
    while (sent_ < due_ && all.has_room(sent_) && connection_->unsent_bytes() == 0) {
      all.start(sent_, open_loop ? crew_.schedule().due_at(sent_) : crew_.clock().now());
      crew_.counts().sent.add(crew_.plan().options.connections);
      sent_ += send(sent_, 1);
    }
  }

  std::uint64_t due_ = 0;
  std::uint64_t sent_ = 0;
};

class Member final : public BenchSession {
 public:
  explicit Member(Crew& crew) : BenchSession(crew, 0) {}

 private:
  void on_answers(std::uint64_t messages, Nanoseconds now) override {
    Publications& all = *crew_.plan().publications;
    std::uint64_t complete = 0;
    for (; messages > 0; --messages, ++heard_) {
      const Nanoseconds since = all.since(heard_);
      crew_.record(since, now);
      crew_.counts().answered.add(1);
      if (!all.reached(heard_)) continue;
      crew_.record_last(since, now);
      ++complete;
    }
    if (complete > 0) crew_.publisher_crew().on_reached(complete);
  }

  std::uint64_t heard_ = 0;
};

// Floods (in echo mode) and hardly reads: what a server must protect itself and others from.
class SlowSession final : public Sender, private net::Timer {
 public:
  using Sender::Sender;

  void open() override { dial(crew_.slow_dialer()); }
  void begin() override { push(); }
  void say_goodbye() override { cut(); }

 private:
  static constexpr std::chrono::milliseconds pause{100};

  [[nodiscard]] bool slow() const override { return true; }
  void on_opened(const websocket::Agreed& agreed) override {
    BenchSession::on_opened(agreed);
    connection_->pause_reading();
    if (crew_.plan().options.read_rate > 0) on_timer(crew_.loop().now());
  }
  void push() override {
    if (!is_open() || !crew_.sending() || crew_.plan().options.mode != BenchMode::echo) return;
    sent_ += send(sent_, crew_.press().most());
  }
  // So many bytes per pause, on average: what one read brings too much is saved up.
  void on_timer(Time now) override {
    const std::size_t rate = crew_.plan().options.read_rate;
    allowance_ += static_cast<std::int64_t>(rate * 100 / 1000);
    if (allowance_ > 0 && is_open()) connection_->resume_reading();
    crew_.loop().timers().arm(*this, now + pause);
  }
  void on_frames(std::span<char> bytes) override {
    allowance_ -= static_cast<std::int64_t>(bytes.size());
    if (allowance_ <= 0) connection_->pause_reading();
  }

  std::uint64_t sent_ = 0;
  std::int64_t allowance_ = 0;
};

// Opens, says goodbye, and opens again.
class StormSession final : public BenchSession, private net::TurnEndHook {
 public:
  using BenchSession::BenchSession;

  void open() override { crew_.on_session_open(); }  // ready: the storm begins with begin()
  void begin() override {
    if (!crew_.schedule().is_open_loop()) start(crew_.clock().now());
  }
  void due(std::uint64_t number) override {
    if (due_ == 0) first_ = number;
    crew_.counts().sent.add(1);
    ++due_;
  }
  void send_due() override {
    if (!busy_ && done_ < due_) start(crew_.due_at(first_, done_));
  }
  void say_goodbye() override {
    cut();
    crew_.on_session_end(true, "", false);
  }

 private:
  void start(Nanoseconds since) {
    busy_ = true;
    since_ = since;
    if (!crew_.schedule().is_open_loop()) crew_.counts().sent.add(1);
    dial(crew_.dialer());
  }
  void on_opened(const websocket::Agreed&) override {
    crew_.record(since_, crew_.clock().now());
    reader_ = std::make_unique<AnswerReader>(crew_.plan().payload, sender_);
    close(1000);
  }
  void on_frames(std::span<char> bytes) override {
    if (!reader_->read(bytes).closed) return;
    connection_->abort();  // a reset: no port of either side has to rest afterwards
    crew_.counts().answered.add(1);
    crew_.loop().at_turn_end(*this);
  }
  void on_ended(const Ending& ending) override {
    crew_.counts().lost.add(1);
    crew_.on_session_end(
        false,
        ending.refused ? "refused with " + std::to_string(ending.refused->status) : ending.text,
        false);
    crew_.loop().at_turn_end(*this);
  }
  void on_turn_end() override {
    busy_ = false;
    ++done_;
    if (!crew_.sending()) return;
    if (!crew_.schedule().is_open_loop()) return start(crew_.clock().now());
    if (done_ < due_) start(crew_.due_at(first_, done_));
  }

  std::uint64_t first_ = 0;  // its number in the schedule
  Nanoseconds since_{0};
  std::uint64_t due_ = 0;
  std::uint64_t done_ = 0;
  bool busy_ = false;
};

}  // namespace

std::unique_ptr<BenchSession> make_session(Crew& crew, std::uint32_t number) {
  const BenchOptions& options = crew.plan().options;
  if (number == options.connections + options.slow) return std::make_unique<Publisher>(crew);
  if (number >= options.connections) return std::make_unique<SlowSession>(crew, number);
  switch (options.mode) {
    case BenchMode::echo: return std::make_unique<EchoSession>(crew, number);
    case BenchMode::fan_out: return std::make_unique<Member>(crew);
    case BenchMode::connect: return std::make_unique<StormSession>(crew, number);
    case BenchMode::idle: break;
  }
  return std::make_unique<BenchSession>(crew, number);
}

}  // namespace orrery::cli
