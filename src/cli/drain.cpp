#include "cli/drain.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>

#include "cli/admin_client.h"
#include "cli/admin_commands.h"

namespace orrery::cli {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr milliseconds beyond_deadline{5'000};  // a server leaves held callbacks behind after two
constexpr milliseconds glance{200};
constexpr milliseconds patience{2'000};  // for one answer: its loop may be busy

std::string seconds_in_words(milliseconds time) {
  return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
}

// The whole text of one wait: from the answer to POST /api/drain to the end, or to the timeout.
class Wait {
 public:
  Wait(const config::Admin& admin, milliseconds at_most, Watched watched, std::ostream& errors)
      : admin_(admin), at_most_(at_most), watched_(watched), errors_(errors) {}

  /// How long it took; nothing if that was too long.
  std::optional<milliseconds> for_the_end(const std::string& first_answer) {
    note(first_answer);
    while (!is_over_) {
      const milliseconds left = at_most_ - passed();
      if (left <= milliseconds{0}) break;
      show();
      std::this_thread::sleep_for(std::min(glance, left));
      look(std::clamp(at_most_ - passed(), milliseconds{1}, patience));
    }
    if (watched_ == Watched::yes) errors_ << "\r\x1b[K" << std::flush;
    return is_over_ ? std::optional(passed()) : std::nullopt;
  }

  /// "3 sessions": how many were left when the server was asked last.
  [[nodiscard]] std::string left() const {
    return sessions_ ? fmt::format("{} session{}", *sessions_, *sessions_ == 1 ? "" : "s")
                     : "an unknown number of sessions";
  }

 private:
  [[nodiscard]] milliseconds passed() const {
    return std::chrono::floor<milliseconds>(std::chrono::steady_clock::now() - begin_);
  }

  // A listener of systemd's stays open, and the question itself starts the next process: that one
  // is ready, and does not drain.
  void look(milliseconds answer_within) {
    const auto answer = ask_admin(admin_, {.patience = answer_within});
    if (answer)
      note(answer->body);
    else
      is_over_ = nobody_listens(admin_);
  }

  void note(const std::string& body) {
    const auto status = members_of(body);
    if (!status) return;
    if (const auto* count = member<std::int64_t>(*status, "sessions")) sessions_ = *count;
    const auto* ready = member<bool>(*status, "ready");
    const auto* draining = member<bool>(*status, "draining");
    is_over_ = ready && draining && *ready && !*draining;
  }

  void show() {
    if (watched_ == Watched::no) return;
    errors_ << fmt::format("\r\x1b[Kdraining: {} left, {}", left(), seconds_in_words(passed()))
            << std::flush;
  }

  const config::Admin& admin_;
  const milliseconds at_most_;
  const Watched watched_;
  std::ostream& errors_;
  const SteadyTime begin_ = std::chrono::steady_clock::now();
  std::optional<std::int64_t> sessions_{};
  bool is_over_ = false;
};

}  // namespace

Exit drain_server(const config::Loaded& loaded, const DrainWish& wish, Watched watched,
                  std::ostream& out, std::ostream& errors) {
  if (!can_ask(loaded, errors)) return Exit::refused;
  const auto body = answer_to({.method = "POST", .path = "/api/drain"}, loaded, errors);
  if (!body) return Exit::failed;
  if (wish.until == DrainUntil::begun) {
    out << "draining; the server ends when its sessions are gone, or at drain.deadline\n";
    return Exit::ok;
  }
  const milliseconds at_most = wish.timeout.value_or(loaded.tree.drain.deadline + beyond_deadline);
  Wait wait(loaded.tree.admin, at_most, watched, errors);
  if (const auto took = wait.for_the_end(*body)) {
    out << fmt::format("drained after {}\n", seconds_in_words(*took));
    return Exit::ok;
  }
  errors << fmt::format(
      "orrery: the server has not drained within {}: {} left; it goes on draining, and `orrery "
      "drain --wait --timeout TIME` waits longer\n",
      seconds_in_words(at_most), wait.left());
  return Exit::failed;
}

}  // namespace orrery::cli
