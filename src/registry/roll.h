// A Roll is a list of keys with a value each: found, added and struck off in constant time, and
// safe to change while it is read out.
//
// Owner   a group: one for the members of each loop, one for all members, one for who watches.
// Thread  one at a time.
// Limit   none of its own.
// Why     short rolls, which most are, cost no index; their order follows from what was done to
// them
//         alone, so that a simulation can be replayed.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace orrery::registry {

template <typename Key, typename Value, typename Hash = std::hash<Key>>
class Roll {
 public:
  /// Null if it was there before, and nothing changed.
  Value* add(const Key& key, Value value) {
    if (find(key) != nullptr) return nullptr;
    const auto place = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({key, std::move(value), true});
    ++size_;
    if (indexed_) places_.emplace(key, place);
    if (!indexed_ && entries_.size() > without_index) make_index();
    return &entries_.back().value;
  }

  bool remove(const Key& key) {
    const auto place = place_of(key);
    if (!place) return false;
    if (indexed_) places_.erase(key);
    --size_;
    entries_[*place].live = false;
    if (reading_ > 0)
      holes_ = true;
    else
      fill_hole(*place);
    return true;
  }

  /// Valid until the next change.
  [[nodiscard]] Value* find(const Key& key) {
    const auto place = place_of(key);
    return place ? &entries_[*place].value : nullptr;
  }

  struct Seen {
    Key key;
    Value& value;  // until the next change
  };

  /// Reads the roll out, with pauses of any length: whoever was there when it began and still is
  /// when its turn comes. While one lives, entries keep their places; the last one closes the
  /// holes. It goes before the roll does.
  class Reading {
   public:
    explicit Reading(Roll& roll) : roll_(roll), end_(roll.entries_.size()) { ++roll_.reading_; }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() {
      if (--roll_.reading_ == 0 && roll_.holes_) roll_.close_holes();
    }

    [[nodiscard]] std::optional<Seen> next() {
      while (next_ < end_) {
        Entry& entry = roll_.entries_[next_++];
        if (entry.live) return Seen{entry.key, entry.value};
      }
      return std::nullopt;
    }

    /// Who may come after so many others.
    [[nodiscard]] std::optional<Key> coming(std::size_t others) const {
      if (end_ - next_ <= others) return std::nullopt;
      return roll_.entries_[next_ + others].key;
    }

   private:
    Roll& roll_;
    const std::size_t end_;
    std::size_t next_ = 0;
  };

  /// `visit(key, value)` for each, in one go. It may add and remove.
  template <typename Visit>
  void for_each(Visit&& visit) {
    Reading reading(*this);
    while (const auto seen = reading.next()) visit(seen->key, seen->value);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  static constexpr std::size_t without_index = 8;

  struct Entry {
    Key key;
    Value value;
    bool live;
  };

  [[nodiscard]] std::optional<std::uint32_t> place_of(const Key& key) const {
    if (indexed_) {
      const auto found = places_.find(key);
      return found == places_.end() ? std::nullopt : std::optional(found->second);
    }
    for (std::uint32_t i = 0; i < entries_.size(); ++i)
      if (entries_[i].live && entries_[i].key == key) return i;
    return std::nullopt;
  }

  void fill_hole(std::uint32_t place) {
    if (place + 1 != entries_.size()) {
      entries_[place] = std::move(entries_.back());
      if (indexed_) places_[entries_[place].key] = place;
    }
    entries_.pop_back();
    if (entries_.empty()) forget_index();
  }

  void close_holes() {
    holes_ = false;
    std::erase_if(entries_, [](const Entry& entry) { return !entry.live; });
    if (indexed_) make_index();
    if (entries_.empty()) forget_index();
  }

  void make_index() {
    indexed_ = true;
    places_.clear();
    for (std::uint32_t i = 0; i < entries_.size(); ++i)
      if (entries_[i].live) places_.emplace(entries_[i].key, i);
  }

  void forget_index() {
    indexed_ = false;
    places_ = {};
    entries_ = {};
  }

  std::vector<Entry> entries_;
  boost::unordered_flat_map<Key, std::uint32_t, Hash> places_;
  std::size_t size_ = 0;
  std::uint32_t reading_ = 0;
  bool indexed_ = false;
  bool holes_ = false;
};

}  // namespace orrery::registry
