// A Slab<T> keeps its objects at stable addresses in blocks of 64 and names each by slot and
// generation, so that a name of a dead object is known to be dead.
//
// Owner   its objects.
// Thread  one.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/prefetch.h"

namespace orrery {

/// A place in a Slab at one moment; stale once that object is gone.
struct SlotId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  friend bool operator==(SlotId, SlotId) = default;
};

template <typename T>
class Slab {
 public:
  Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() {
    for_each([this](T& object, SlotId id) { (void)object, remove(id); });
  }

  template <typename... Args>
  std::pair<T*, SlotId> add(Args&&... args) {
    if (free_.empty()) grow();
    const std::uint32_t slot = free_.back();
    Cell& cell = at(slot);
    T* object = new (cell.storage) T(std::forward<Args>(args)...);
    free_.pop_back();
    cell.live = true;
    ++size_;
    return {object, SlotId{slot, cell.generation}};
  }

  [[nodiscard]] T* find(SlotId id) {
    if (id.slot >= blocks_.size() * block_size) return nullptr;
    Cell& cell = at(id.slot);
    return cell.live && cell.generation == id.generation ? cell.object() : nullptr;
  }

  /// The CPU had better fetch it: find() will be asked for it soon.
  void fetch(SlotId id) {
    if (id.slot >= blocks_.size() * block_size) return;
    prefetch(&at(id.slot), sizeof(Cell));
  }

  void remove(SlotId id) {
    Cell& cell = at(id.slot);
    assert(cell.live && cell.generation == id.generation);
    cell.object()->~T();
    cell.live = false;
    ++cell.generation;
    --size_;
    free_.push_back(id.slot);
  }

  /// `visit(T&, SlotId)` for each object. It may remove the one it is given, and add others.
  template <typename F>
  void for_each(F&& visit) {
    for (std::uint32_t slot = 0; slot < blocks_.size() * block_size; ++slot) {
      Cell& cell = at(slot);
      if (cell.live) visit(*cell.object(), SlotId{slot, cell.generation});
    }
  }

  /// The same for those in `count` slots from `first` on, which becomes the slot behind them.
  /// Whether there are any behind.
  template <typename F>
  bool for_some(std::uint32_t& first, std::uint32_t count, F&& visit) {
    const auto slots = static_cast<std::uint32_t>(blocks_.size() * block_size);
    for (const std::uint32_t end = std::min(slots, first + count); first < end; ++first) {
      Cell& cell = at(first);
      if (cell.live) visit(*cell.object(), SlotId{first, cell.generation});
    }
    return first < slots;
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::uint32_t block_size = 64;

  struct Cell {
    alignas(T) std::byte storage[sizeof(T)];
    std::uint32_t generation = 0;
    bool live = false;
    T* object() { return std::launder(reinterpret_cast<T*>(storage)); }
  };

  Cell& at(std::uint32_t slot) { return blocks_[slot / block_size][slot % block_size]; }

  void grow() {
    const auto first = static_cast<std::uint32_t>(blocks_.size()) * block_size;
    blocks_.push_back(std::unique_ptr<Cell[]>(new Cell[block_size]));
    for (std::uint32_t i = block_size; i > 0; --i) free_.push_back(first + i - 1);
  }

  std::vector<std::unique_ptr<Cell[]>> blocks_;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace orrery
