#include "admin/live.h"

namespace orrery::admin {
namespace {

constexpr milliseconds told_every = 1s;
constexpr std::string_view tap_word = "tap ";
constexpr std::string_view end_word = "end";

}  // namespace

// On the loops of the sessions that are tapped: it only passes on.
class Live::Tap final : public FrameTap {
 public:
  Tap(Address dashboard, std::string_view session)
      : dashboard_(std::move(dashboard)), session_(session) {}

  [[nodiscard]] const std::string& session() const { return session_; }

  void on_frame(const TappedFrame& frame) override {
    const auto now = std::chrono::system_clock::now();
    const bool over = frame.kind == TappedFrame::Kind::end;
    (void)dashboard_.send(over ? std::string(end_word) + session_
                               : frame_json(session_, frame, now));
  }

 private:
  const Address dashboard_;
  const std::string session_;
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
  const std::string_view text = message.text();
  if (!text.starts_with(end_word)) return dashboard.send(text);
  if (tap_ && text.substr(end_word.size()) == tap_->session())
    untap(dashboard, "the session has ended");
}

}  // namespace orrery::admin
