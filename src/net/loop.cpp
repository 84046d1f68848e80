#include "net/loop.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace orrery::net {
namespace {

// Hooks that ask for each other without end get this many rounds per turn, then the next turn.
constexpr int turn_end_rounds = 16;

constexpr std::size_t read_buffer_alignment = 4096;

char* new_buffer(std::size_t bytes) {
  return static_cast<char*>(::operator new (bytes, std::align_val_t{read_buffer_alignment}));
}

class PostedFunction final : public InboxNode {
 public:
  explicit PostedFunction(Function<void()> work) : work_(std::move(work)) {}
  void run() override {
    const std::unique_ptr<PostedFunction> self(this);
    work_();
  }
  void dropped() override { delete this; }

 private:
  Function<void()> work_;
};

}  // namespace

void Loop::FreeBuffer::operator()(char* buffer) const {
  ::operator delete (buffer, std::align_val_t{read_buffer_alignment});
}

Loop::Loop(const Clock& clock, std::unique_ptr<Poller> poller, LoopOptions options)
    : clock_(clock),
      poller_(std::move(poller)),
      index_(options.index),
      posted_per_turn_(options.posted_per_turn),
      read_buffer_bytes_(options.read_buffer_bytes),
      read_buffer_(new_buffer(options.read_buffer_bytes)),
      now_(clock.now()),
      chunks_(options.chunk_pool_bytes),
      timers_(now_),
      inbox_(std::make_shared<Inbox>(poller_->waker())) {}

Loop::~Loop() {
  inbox_->close();  // dropped work may still use everything else
}

bool Loop::turn(milliseconds max_wait) {
  wait(max_wait);
  std::size_t happened = poller_->dispatch();
  const std::size_t posted = inbox_->drain(posted_per_turn_);
  happened += posted;
  happened += timers_.advance(now_);
  happened += call_requeued();
  happened += inbox_->drain(posted_per_turn_ - posted);
  happened += call_turn_end_hooks();
  return happened != 0;
}

void Loop::run() {
  inbox_->belongs_to(std::this_thread::get_id());
  while (!stopping_.load(std::memory_order_acquire)) turn(milliseconds{-1});
  inbox_->belongs_to(std::thread::id{});
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_release);
  if (const auto waker = poller_->waker()) waker->wake();
}

void Loop::post(Function<void()> work) {
  post(*new PostedFunction(std::move(work)));
}

void Loop::post(InboxNode& node) {
  if (!inbox_->post(node)) node.dropped();
}

void Loop::wait(milliseconds max_wait) {
  poller_->wait(max_wait == milliseconds{0} || may_sleep() ? max_wait : milliseconds{0});
  inbox_->awake();
  now_ = clock_.now();
  requeued_.splice(requeued_.end(), again_);  // what asks from here on waits for the next turn
}

bool Loop::may_sleep() {
  return again_.empty() && hooks_.empty() && set_alarm() && inbox_->may_sleep();
}

// Whether the poller will wake us in time for the next timer: false if that is due already. One
// that was cancelled meanwhile costs a turn for nothing.
bool Loop::set_alarm() {
  const auto deadline = timers_.next_deadline();
  if (!deadline || (now_ < alarm_ && alarm_ <= *deadline)) return true;
  const milliseconds left = *deadline - clock_.now();
  if (left <= milliseconds{0}) return false;
  poller_->wake_in(left);
  alarm_ = *deadline;
  return true;
}

std::size_t Loop::call_requeued() {
  std::size_t called = 0;
  for (; !requeued_.empty(); ++called) {
    Requeued& next = requeued_.front();
    requeued_.pop_front();
    next.on_again();
  }
  return called;
}

std::size_t Loop::call_turn_end_hooks() {
  std::size_t called = 0;
  for (int round = 0; round < turn_end_rounds && !hooks_.empty(); ++round) {
    ending_.splice(ending_.end(), hooks_);
    for (; !ending_.empty(); ++called) {
      TurnEndHook& next = ending_.front();
      ending_.pop_front();
      next.on_turn_end();
    }
  }
  return called;
}

}  // namespace orrery::net
