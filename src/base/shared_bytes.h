// SharedBytes: immutable bytes behind one reference count, so that a published payload exists once
// however many outboxes hold it.
//
// Owner   every copy; the last one frees.
// Thread  copies may live on any thread; the bytes never change.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace orrery {

class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(std::string bytes)
      : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  [[nodiscard]] std::string_view view() const { return bytes_ ? *bytes_ : std::string_view{}; }
  [[nodiscard]] std::size_t size() const { return bytes_ ? bytes_->size() : 0; }

  /// The same bytes, paid for once: `payment` lives as long as any copy of what is returned.
  template <typename Payment>
  [[nodiscard]] SharedBytes paid_by(Payment payment) const {
    struct Receipt {
      std::shared_ptr<const std::string> bytes;
      Payment payment;
    };
    SharedBytes paid;
    const std::string* const bytes = bytes_.get();
    paid.bytes_ = {std::make_shared<const Receipt>(Receipt{bytes_, std::move(payment)}), bytes};
    paid.paid_ = true;
    return paid;
  }
  /// What a holder has to pay for itself.
  [[nodiscard]] std::size_t unpaid_bytes() const { return paid_ ? 0 : size(); }

 private:
  std::shared_ptr<const std::string> bytes_;
  bool paid_ = false;
};

}  // namespace orrery
