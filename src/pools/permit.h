// A PermitOf<Giver> is one of what somebody gives out by number, and gives it back exactly once.
//
// Owner   whoever holds it; the giver outlives it.
// Thread  any; one at a time, as for every value.
#pragma once

#include <utility>

namespace orrery::pools {

/// One pointer in size. Empty: nothing was given, and nothing is owed.
template <typename Giver>
class [[nodiscard]] PermitOf {
 public:
  PermitOf() = default;
  PermitOf(PermitOf&& other) noexcept : giver_(std::exchange(other.giver_, nullptr)) {}
  PermitOf& operator=(PermitOf&& other) noexcept {
    if (this != &other) {
      release();
      giver_ = std::exchange(other.giver_, nullptr);
    }
    return *this;
  }
  ~PermitOf() { release(); }

  explicit operator bool() const { return giver_ != nullptr; }
  /// Who gave it; null if it is empty.
  [[nodiscard]] Giver* giver() const { return giver_; }
  /// Gives it back now; the second time does nothing.
  void release() noexcept {
    if (giver_) std::exchange(giver_, nullptr)->take_back();
  }

 private:
  friend Giver;
  explicit PermitOf(Giver& giver) : giver_(&giver) {}

  Giver* giver_ = nullptr;
};

}  // namespace orrery::pools
