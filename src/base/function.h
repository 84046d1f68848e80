// Function<Signature> is std::function for callables that can only be moved.
//
// Owner   the callable, on the heap unless it is at most two pointers in size.
// Thread  none: a plain value.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace orrery {

template <typename Signature>
class Function;

template <typename R, typename... Args>
class Function<R(Args...)> {
 public:
  Function() = default;

  template <typename F>
  requires(!std::is_same_v<std::decay_t<F>, Function> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, Args...>) Function(F&& callable) {
    using Target = std::decay_t<F>;
    if constexpr (fits<Target>) {
      new (storage_) Target(std::forward<F>(callable));
      operations_ = &inline_operations<Target>;
    } else {
      new (storage_) Target*(new Target(std::forward<F>(callable)));
      operations_ = &heap_operations<Target>;
    }
  }

  Function(Function&& other) noexcept { take(other); }
  Function& operator=(Function&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~Function() { reset(); }

  explicit operator bool() const { return operations_ != nullptr; }
  R operator()(Args... args) { return operations_->call(storage_, std::forward<Args>(args)...); }

 private:
  struct Operations {
    R (*call)(std::byte*, Args&&...);
    void (*move)(std::byte* from, std::byte* to) noexcept;
    void (*destroy)(std::byte*) noexcept;
  };

  template <typename T>
  static constexpr bool fits =
      sizeof(T) <= 2 * sizeof(void*) &&
      alignof(T) <= alignof(void*) && std::is_nothrow_move_constructible_v<T>;

  template <typename T>
  static T& at(std::byte* storage) {
    return *std::launder(reinterpret_cast<T*>(storage));
  }

  template <typename T>
  static constexpr Operations inline_operations{
      [](std::byte* s, Args&&... args) -> R { return at<T>(s)(std::forward<Args>(args)...); },
      [](std::byte* from, std::byte* to) noexcept {
        new (to) T(std::move(at<T>(from)));
        at<T>(from).~T();
      },
      [](std::byte* s) noexcept { at<T>(s).~T(); }};

  template <typename T>
  static constexpr Operations heap_operations{
      [](std::byte* s, Args&&... args) -> R { return (*at<T*>(s))(std::forward<Args>(args)...); },
      [](std::byte* from, std::byte* to) noexcept { new (to) T*(at<T*>(from)); },
      [](std::byte* s) noexcept { delete at<T*>(s); }};

  void take(Function& other) noexcept {
    if (!other.operations_) return;
    other.operations_->move(other.storage_, storage_);
    operations_ = std::exchange(other.operations_, nullptr);
  }
  void reset() noexcept {
    if (operations_) std::exchange(operations_, nullptr)->destroy(storage_);
  }

  alignas(void*) std::byte storage_[2 * sizeof(void*)];
  const Operations* operations_ = nullptr;
};

}  // namespace orrery
