// A LineEditor is the line that a person types at a terminal: what keys do to it, what was typed
// before, and how it looks.
//
// Owner   `orrery connect`, at a terminal.
// Thread  none: keys in, events and screen text out.
// Limit   a line of 1 MiB, a history of 1000 lines; it is forgotten at the end.
// Why     not readline, whose licence does not go with ours, nor libedit, which owns the terminal
//         and blocks: messages arrive while somebody types, and the line must get out of their way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::cli {

class LineEditor {
 public:
  static constexpr std::size_t line_bytes = 1 << 20;
  static constexpr std::size_t history_lines = 1000;

  enum class What : std::uint8_t { line, end, interrupt };
  struct Event {
    What what;
    std::string line{};
  };

  explicit LineEditor(std::string prompt) : prompt_(std::move(prompt)) {}

  /// Keys as the terminal sends them, in pieces of any size. Ends: Ctrl-D on an empty line.
  [[nodiscard]] std::vector<Event> type(std::string_view bytes);
  /// Writes the line anew where it stands: `columns` is the terminal's width.
  [[nodiscard]] std::string drawn(std::size_t columns) const;
  /// Takes the line off the screen, so that something else can be written there.
  [[nodiscard]] static std::string_view erased() { return "\r\x1b[K"; }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void key(char c, std::vector<Event>& events);
  void control(char c, std::vector<Event>& events);
  void escape(char c);
  void command(std::string_view sequence);
  void insert(char c);
  void enter(std::vector<Event>& events);
  void recall(std::size_t place);
  void erase(std::size_t from, std::size_t to);
  [[nodiscard]] std::size_t before(std::size_t at) const;
  [[nodiscard]] std::size_t after(std::size_t at) const;
  [[nodiscard]] std::size_t word_before(std::size_t at) const;

  const std::string prompt_;
  std::string text_{};
  std::size_t cursor_ = 0;  // in bytes, at the border of a character
  std::vector<std::string> history_{};
  std::size_t recalled_ = 0;  // history_.size(): the line that is new
  std::string newest_{};      // it, while an older one is shown
  std::string escape_{};      // an unfinished escape sequence
};

}  // namespace orrery::cli
