#include "pools/ledger.h"

#include <algorithm>
#include <cassert>

namespace orrery::pools {

namespace {

std::size_t left_of(std::size_t limit_bytes, std::size_t lent_bytes) {
  return lent_bytes < limit_bytes ? limit_bytes - lent_bytes : 0;
}

}  // namespace

Ledger::~Ledger() {
  assert(lent_bytes() == 0 && "memory of a pool was not given back");
}

std::size_t Ledger::step_bytes() const {
  return std::clamp<std::size_t>(limit_bytes() / 64, 1, most_step_bytes);
}

bool Ledger::full() const {
  return left_of(limit_bytes(), lent_bytes()) < step_bytes();
}

std::size_t Ledger::borrow(std::size_t needed_bytes) {
  const auto step = step_bytes();
  const auto up_to_step = (step - needed_bytes % step) % step;
  auto lent = lent_bytes();
  while (true) {
    const auto left = left_of(limit_bytes(), lent);
    if (needed_bytes > left) return 0;
    const auto loan = needed_bytes + std::min(up_to_step, left - needed_bytes);
    if (lent_bytes_.compare_exchange_weak(lent, lent + loan, std::memory_order_relaxed))
      return loan;
  }
}

bool Ledger::charge(std::size_t bytes) {
  auto lent = lent_bytes();
  while (bytes <= left_of(limit_bytes(), lent))
    if (lent_bytes_.compare_exchange_weak(lent, lent + bytes, std::memory_order_relaxed))
      return true;
  return false;
}

void Ledger::give_back(std::size_t bytes) noexcept {
  [[maybe_unused]] const auto before = lent_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  assert(before >= bytes && "more was given back than was lent");
}

LoopAccount::~LoopAccount() {
  assert(used_bytes_ == 0 && "a session ended without releasing its memory");
  ledger_->give_back(borrowed_bytes_);
}

bool LoopAccount::borrow_for(std::size_t bytes) {
  const auto loan = ledger_->borrow(bytes - (borrowed_bytes_ - used_bytes_));
  borrowed_bytes_ += loan;
  return loan != 0;
}

void LoopAccount::release(std::size_t bytes) noexcept {
  assert(bytes <= used_bytes_ && "more was released than was charged");
  used_bytes_ -= bytes;
  const auto spare = borrowed_bytes_ - used_bytes_;
  const auto step = ledger_->step_bytes();
  if (spare < step) return;
  const auto keep = ledger_->full() ? 0 : step;
  const auto whole_steps = (spare - keep) / step * step;
  if (whole_steps == 0) return;
  borrowed_bytes_ -= whole_steps;
  ledger_->give_back(whole_steps);
}

void LoopAccount::settle() noexcept {
  if (borrowed_bytes_ == used_bytes_) return;
  ledger_->give_back(borrowed_bytes_ - used_bytes_);
  borrowed_bytes_ = used_bytes_;
}

class SharedCharge::Loan {
 public:
  Loan(std::shared_ptr<Ledger> ledger, std::size_t bytes)
      : ledger_(std::move(ledger)), bytes_(bytes) {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() { ledger_->give_back(bytes_); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  const std::shared_ptr<Ledger> ledger_;
  const std::size_t bytes_;
};

SharedCharge SharedCharge::of(const std::shared_ptr<Ledger>& ledger, std::size_t bytes) {
  SharedCharge charge;
  if (!ledger->charge(bytes)) return charge;
  try {
    charge.loan_ = std::make_shared<const Loan>(ledger, bytes);
  } catch (...) {
    ledger->give_back(bytes);
    throw;
  }
  return charge;
}

std::size_t SharedCharge::bytes() const {
  return loan_ ? loan_->bytes() : 0;
}

}  // namespace orrery::pools
