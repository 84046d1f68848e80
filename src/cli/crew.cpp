#include "cli/crew.h"

#include <algorithm>
#include <utility>

#include "cli/bench_session.h"
#include "cli/client_connection.h"

namespace orrery::cli {

Crew::Crew(const BenchPlan& plan, std::size_t index, const Environment& environment)
    : plan_(plan),
      environment_(environment),
      press_(plan.payload, environment.random, plan.opening.compression ? &engine_ : nullptr),
      publisher_crew_(this) {
  // One publisher keeps the whole schedule; other sessions share it over the threads.
  const bool single = plan.options.mode == BenchMode::fan_out;
  const auto crews = static_cast<double>(single ? 1 : plan.options.threads);
  if (plan.options.rate > 0) schedule_ = Schedule(1e9 * crews / plan.options.rate);
  make_sessions(index);
}

Crew::~Crew() = default;

void Crew::make_sessions(std::size_t index) {
  const BenchOptions& options = plan_.options;
  const std::size_t others = options.connections + options.slow;
  for (std::size_t number = index; number < others; number += options.threads) {
    sessions_.push_back(make_session(*this, static_cast<std::uint32_t>(number)));
    if (number < options.connections && options.mode != BenchMode::fan_out)
      senders_.push_back(sessions_.back().get());
  }
  if (options.mode != BenchMode::fan_out || index != 0) return;
  sessions_.push_back(make_session(*this, static_cast<std::uint32_t>(others)));
  senders_.push_back(sessions_.back().get());
}

void Crew::open_sessions() {
  open_more();
}

void Crew::open_more() {
  while (opening_ < opening_at_once && next_to_open_ < sessions_.size()) {
    ++opening_;
    sessions_[next_to_open_++]->open();
  }
}

void Crew::begin(Nanoseconds step) {
  sending_ = true;
  schedule_.begin(clock().now(), step);
  for (auto& session : sessions_) session->begin();
}

void Crew::stop() {
  measured_until_ = clock().now();
  sending_ = false;
}

void Crew::say_goodbye() {
  leaving_ = true;
  for (auto& session : sessions_) session->say_goodbye();
}

Nanoseconds Crew::send_due() {
  if (!sending_ || !schedule_.is_open_loop() || senders_.empty()) return Nanoseconds::max();
  const Nanoseconds now = clock().now();
  const std::uint64_t first = given_;
  for (; schedule_.due_at(given_) <= now; ++given_) senders_[given_ % senders_.size()]->due(given_);
  const std::uint64_t asked = std::min<std::uint64_t>(given_ - first, senders_.size());
  for (std::uint64_t i = first; i < first + asked; ++i)
    senders_[i % senders_.size()]->send_due();  // what fell behind goes out in one write
  return schedule_.due_at(given_);
}

void Crew::on_reached(std::uint64_t publications) {
  if (!loop().in_own_thread())
    return loop().post([this, publications] { on_reached(publications); });
  if (!senders_.empty()) senders_.front()->on_reached(publications);
}

void Crew::record_last(Nanoseconds since, Nanoseconds now) {
  const Nanoseconds decides = schedule_.is_open_loop() ? since : now;
  if (decides >= measured_from_ && decides < measured_until_) last_latencies_.record(now - since);
}

void Crew::on_session_open() {
  counts_.opened.add(1);
  counts_.open.add(1);
  --opening_;
  if (next_to_open_ < sessions_.size()) loop().at_turn_end(*this);
}

void Crew::on_session_end(bool was_open, const std::string& why, bool slow) {
  if (was_open) counts_.open.take(1);
  if (why.empty() || leaving_) return;
  ++(slow ? slow_endings_ : endings_)[why];
  if (slow) return;
  if (was_open) counts_.lost.add(1);
  if (plan_.options.mode == BenchMode::fan_out)
    fail("a member of the group was lost, so its publications can't be counted: it was " + why);
  if (was_open && counts_.open.now() == 0) fail("all sessions were lost; the last one was " + why);
}

void Crew::fail(const std::string& why) {
  const std::scoped_lock lock(failure_mutex_);
  if (failure_.empty()) failure_ = why;
}

std::string Crew::failure() const {
  const std::scoped_lock lock(failure_mutex_);
  return failure_;
}

void Crew::bury(std::unique_ptr<ClientConnection> connection) {
  buried_.push_back(std::move(connection));
  loop().at_turn_end(*this);
}

void Crew::on_turn_end() {
  buried_.clear();
  if (next_to_open_ < sessions_.size()) open_more();
}

}  // namespace orrery::cli
