#include "admin/live.h"

#include <atomic>
#include <chrono>

namespace orrery::admin {
namespace {

constexpr milliseconds told_every = 1s;
constexpr std::string_view tap_word = "tap ";

}  // namespace

// On the loops of the sessions that are tapped: it only passes on.
class Live::Tap final : public FrameTap {
 public:
  Tap(Address dashboard, std::string_view session)
      : dashboard_(std::move(dashboard)), session_(session) {}

  [[nodiscard]] const std::string& session() const { return session_; }

  /// The session is gone.
  [[nodiscard]] bool over() const { return over_; }
  /// Frames that found no room on their way to the dashboard, or were too many.
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

  void on_frame(const TappedFrame& frame) override {
    TappedFrame shown = frame;
    shown.skipped = skipped_ += frame.skipped;
    if (frame.kind == TappedFrame::Kind::end) {
      over_ = true;
      (void)dashboard_.send(
          std::string_view());  // the dashboard looks at over() at its next tick, too
    } else if (dashboard_.send(frame_json(session_, shown, std::chrono::system_clock::now())) ==
               Posted::queued) {
      skipped_ = 0;
    } else {
      ++skipped_;
    }
  }

 private:
  const Address dashboard_;
  const std::string session_;
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> skipped_{0};
};

Live::~Live() = default;

void Live::on_open(Session& dashboard) {
  tell(dashboard);
  dashboard.tick_every(told_every);
}

// Whoever is slower than that misses a second, and is not closed for it.
void Live::on_tick(Session& dashboard) {
  end_if_over(dashboard);
  if (dashboard.queued_bytes() == 0) tell(dashboard);
}

void Live::tell(Session& dashboard) {
  dashboard.send(
      state_json(node_.status(), facts_, node_.metrics(), std::chrono::system_clock::now()));
}

void Live::on_message(Session& dashboard, Message message) {
  const std::string_view wish = message.text();
  if (wish.starts_with(tap_word)) return tap(dashboard, wish.substr(tap_word.size()));
  if (wish == "untap") return untap(dashboard, "asked");
  dashboard.close(1008, "say \"tap ID\" or \"untap\"");
}

void Live::tap(Session& dashboard, std::string_view id) {
  untap(dashboard, "asked");
  tap_ = std::make_shared<Tap>(dashboard.address(), id);
  switch (node_.tap(id, tap_, dashboard.request().remote_address())) {
    case Asked::done: return dashboard.send(tapped_json(id));
    case Asked::no_such_session: return untap(dashboard, "no such session");
    case Asked::too_many: return untap(dashboard, "too many taps on its loop");
    case Asked::no_answer: return untap(dashboard, "its loop does not answer");
  }
}

void Live::untap(Session& dashboard, std::string_view why) {
  if (!tap_) return;
  dashboard.send(untapped_json(tap_->session(), why, tap_->skipped()));
  tap_.reset();
}

void Live::end_if_over(Session& dashboard) {
  if (tap_ && tap_->over()) untap(dashboard, "the session has ended");
}

// What an earlier tap has sent may still arrive: it names its session. An empty one says that the
// tap is over.
void Live::on_server_message(Session& dashboard, ServerMessage message) {
  if (message.text().empty()) return end_if_over(dashboard);
  dashboard.send(message.text());
}

}  // namespace orrery::admin
