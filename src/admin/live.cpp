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

  /// The session is gone, and the dashboard was told.
  [[nodiscard]] bool over() const { return over_; }

  void on_frame(const TappedFrame& frame) override {
    over_ = frame.kind == TappedFrame::Kind::end;
    (void)dashboard_.send(over_ ? untapped_json(session_, "the session has ended", frame.skipped)
                                : frame_json(session_, frame, std::chrono::system_clock::now()));
  }

 private:
  const Address dashboard_;
  const std::string session_;
  std::atomic<bool> over_{false};
};

Live::~Live() = default;

void Live::on_open(Session& dashboard) {
  tell(dashboard);
  dashboard.tick_every(told_every);
}

void Live::on_tick(Session& dashboard) {
  tell(dashboard);
}

void Live::tell(Session& dashboard) {
  dashboard.send(state_json(node_.status(), facts_, node_.metrics()));
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
  if (node_.tap(id, tap_, dashboard.request().remote_address()))
    dashboard.send(tapped_json(id));
  else
    untap(dashboard, "no such session");
}

void Live::untap(Session& dashboard, std::string_view why) {
  if (!tap_) return;
  dashboard.send(untapped_json(tap_->session(), why));
  tap_.reset();
}

// What an earlier tap has sent may still arrive: it names its session.
void Live::on_server_message(Session& dashboard, ServerMessage message) {
  dashboard.send(message.text());
  if (tap_ && tap_->over()) tap_.reset();
}

}  // namespace orrery::admin
