// SharedBytes: immutable bytes behind one reference count, so that a published payload exists once
// however many outboxes hold it.
//
// Owner   every copy; the last one frees.
// Thread  copies may live on any thread; the bytes never change.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace orrery {

class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(std::string bytes)
      : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  [[nodiscard]] std::string_view view() const { return bytes_ ? *bytes_ : std::string_view{}; }
  [[nodiscard]] std::size_t size() const { return bytes_ ? bytes_->size() : 0; }

 private:
  std::shared_ptr<const std::string> bytes_;
};

}  // namespace orrery
