#include "cli/line_editor.h"

#include <algorithm>
#include <utility>

namespace orrery::cli {
namespace {

constexpr char ctrl(char letter) {
  return static_cast<char>(letter & 0x1f);
}
constexpr char escape_key = '\x1b';
constexpr char delete_key = '\x7f';

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

}  // namespace

std::vector<LineEditor::Event> LineEditor::type(std::string_view bytes) {
  std::vector<Event> events;
  for (const char c : bytes) key(c, events);
  return events;
}

void LineEditor::key(char c, std::vector<Event>& events) {
  if (!escape_.empty()) return escape(c);
  if (c == escape_key) {
    escape_ = c;
  } else if (static_cast<unsigned char>(c) < ' ' || c == delete_key) {
    control(c, events);
  } else {
    insert(c);
  }
}

void LineEditor::control(char c, std::vector<Event>& events) {
  switch (c) {
    case '\r':
    case '\n': return enter(events);
    case delete_key:
    case ctrl('H'): return erase(before(cursor_), cursor_);
    case ctrl('A'): cursor_ = 0; return;
    case ctrl('E'): cursor_ = text_.size(); return;
    case ctrl('B'): cursor_ = before(cursor_); return;
    case ctrl('F'): cursor_ = after(cursor_); return;
    case ctrl('K'): return erase(cursor_, text_.size());
    case ctrl('U'): return erase(0, cursor_);
    case ctrl('W'): return erase(word_before(cursor_), cursor_);
    case ctrl('P'): return recall(recalled_ - 1);
    case ctrl('N'): return recall(recalled_ + 1);
    case ctrl('C'): events.push_back({What::interrupt}); return;
    case ctrl('D'):
      if (text_.empty()) events.push_back({What::end});
      return erase(cursor_, after(cursor_));
    case '\t': return insert(c);
    default: return;
  }
}

// ESC [ parameters letter, or ESC O letter (ECMA-48 §5.4); ESC and anything else is passed over.
void LineEditor::escape(char c) {
  escape_ += c;
  if (escape_.size() == 2 && (c == '[' || c == 'O')) return;
  if (escape_.size() > 2 && c < '@' && escape_.size() < 16) return;
  command(std::string_view(std::exchange(escape_, {})).substr(1));
}

void LineEditor::command(std::string_view sequence) {
  const auto is = [sequence](std::initializer_list<std::string_view> all) {
    return std::find(all.begin(), all.end(), sequence) != all.end();
  };
  if (is({"[A", "OA"})) return recall(recalled_ - 1);
  if (is({"[B", "OB"})) return recall(recalled_ + 1);
  if (is({"[C", "OC"})) cursor_ = after(cursor_);
  if (is({"[D", "OD"})) cursor_ = before(cursor_);
  if (is({"[H", "OH", "[1~", "[7~"})) cursor_ = 0;
  if (is({"[F", "OF", "[4~", "[8~"})) cursor_ = text_.size();
  if (is({"[3~"})) erase(cursor_, after(cursor_));
}

void LineEditor::insert(char c) {
  if (text_.size() >= line_bytes) return;
  text_.insert(cursor_++, 1, c);
}

void LineEditor::enter(std::vector<Event>& events) {
  if (!text_.empty() && (history_.empty() || history_.back() != text_)) history_.push_back(text_);
  if (history_.size() > history_lines) history_.erase(history_.begin());
  recalled_ = history_.size();
  cursor_ = 0;
  newest_.clear();
  events.push_back({What::line, std::exchange(text_, {})});
}

void LineEditor::recall(std::size_t place) {
  if (place > history_.size()) return;  // also before the first: 0 - 1
  if (recalled_ == history_.size()) newest_ = text_;
  recalled_ = place;
  text_ = place == history_.size() ? newest_ : history_[place];
  cursor_ = text_.size();
}

void LineEditor::erase(std::size_t from, std::size_t to) {
  text_.erase(from, to - from);
  cursor_ = from;
}

std::size_t LineEditor::before(std::size_t at) const {
  if (at == 0) return 0;
  do --at;
  while (at > 0 && continues_character(text_[at]));
  return at;
}

std::size_t LineEditor::after(std::size_t at) const {
  if (at == text_.size()) return at;
  do ++at;
  while (at < text_.size() && continues_character(text_[at]));
  return at;
}

std::size_t LineEditor::word_before(std::size_t at) const {
  while (at > 0 && text_[at - 1] == ' ') --at;
  while (at > 0 && text_[at - 1] != ' ') --at;
  return at;
}

// A line that is too long for the screen is shown from where the cursor can be seen.
std::string LineEditor::drawn(std::size_t columns) const {
  const std::size_t used = prompt_.size() + 1;
  const std::size_t room = columns > used + 8 ? columns - used : 8;
  std::size_t begin = 0;
  while (columns_of(std::string_view(text_).substr(begin, cursor_ - begin)) >= room)
    begin = after(begin);
  std::size_t end = begin;
  for (std::size_t shown = 0; shown < room && end < text_.size(); ++shown) end = after(end);
  std::string shown = text_.substr(begin, end - begin);
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  std::string screen = std::string(erased()) + prompt_ + shown;
  const std::size_t back = columns_of(std::string_view(text_).substr(cursor_, end - cursor_));
  if (back > 0) screen += "\x1b[" + std::to_string(back) + "D";
  return screen;
}

}  // namespace orrery::cli
