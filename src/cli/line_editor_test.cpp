#include "cli/line_editor.h"

#include <gtest/gtest.h>

namespace orrery::cli {
namespace {

constexpr const char* up = "\x1b[A";
constexpr const char* down = "\x1b[B";
constexpr const char* right = "\x1b[C";
constexpr const char* left = "\x1b[D";
constexpr const char* home = "\x1b[H";
constexpr const char* delete_key = "\x1b[3~";

// What the keys came to: lines, "END", "INTERRUPT", and behind "|" what is still being typed.
std::string typed(LineEditor& editor, std::string_view keys) {
  std::string story;
  for (const char key : keys) {  // in pieces of one byte: the hardest case
    for (const auto& event : editor.type({&key, 1})) {
      switch (event.what) {
        case LineEditor::What::line: story += event.line + "\n"; break;
        case LineEditor::What::end: story += "END\n"; break;
        case LineEditor::What::interrupt: story += "INTERRUPT\n"; break;
      }
    }
  }
  return story + "|" + editor.text();
}

std::string typed(const std::string& keys) {
  LineEditor editor("> ");
  return typed(editor, keys);
}

TEST(LineEditor, ReturnsWhatIsTyped) {
  EXPECT_EQ(typed("hello\rworld\nre"), "hello\nworld\n|re");
  EXPECT_EQ(typed("\r"), "\n|");
  EXPECT_EQ(typed("αβγ\r"), "αβγ\n|");
}

TEST(LineEditor, MovesAndChangesByCharacter) {
  struct Row {
    const char* name;
    std::string keys, result;
  };
  const Row rows[] = {
      {"backspace takes a whole character", "αβ\x7f", "|α"},
      {"backspace at the beginning does nothing", "\x7f\x7f", "|"},
      {"left, then typing inserts", std::string("ac") + left + "b", "|abc"},
      {"left and right pass whole characters", std::string("αγ") + left + left + right + "β",
       "|αβγ"},
      {"delete takes what is behind the cursor", std::string("abc") + home + delete_key, "|bc"},
      {"Ctrl-A and Ctrl-E",
       "b\x01"
       "a\x05"
       "c",
       "|abc"},
      {"Ctrl-K takes the rest", std::string("abc") + left + "\x0b", "|ab"},
      {"Ctrl-U takes what is before", std::string("abc") + left + "\x15", "|c"},
      {"Ctrl-W takes a word", "one two  \x17", "|one "},
      {"a tab is a character", "a\tb", "|a\tb"},
      {"unknown sequences do nothing", "a\x1b[15~\x1b[1;5Cb\x1bxc", "|abc"},
  };
  for (const auto& row : rows) EXPECT_EQ(typed(row.keys), row.result) << row.name;
}

TEST(LineEditor, RemembersWhatWasTyped) {
  LineEditor editor("> ");
  EXPECT_EQ(typed(editor, "one\rtwo\rtwo\r\r"), "one\ntwo\ntwo\n\n|");
  EXPECT_EQ(typed(editor, up), "|two");
  EXPECT_EQ(typed(editor, up), "|one") << "a repetition is kept once, an empty line never";
  EXPECT_EQ(typed(editor, up), "|one") << "there is nothing before the first";
  EXPECT_EQ(typed(editor, down), "|two");
  EXPECT_EQ(typed(editor, "!\r"), "two!\n|");
  EXPECT_EQ(typed(editor, std::string("new") + up + down), "|new") << "what was begun comes back";
  EXPECT_EQ(typed(editor, down), "|new");
}

TEST(LineEditor, ForgetsTheOldest) {
  LineEditor editor("> ");
  for (std::size_t i = 0; i <= LineEditor::history_lines; ++i)
    typed(editor, std::to_string(i) + "\r");
  std::string keys;
  for (std::size_t i = 0; i <= LineEditor::history_lines; ++i) keys += up;
  EXPECT_EQ(typed(editor, keys), "|1");
}

TEST(LineEditor, SaysEndAndInterrupt) {
  EXPECT_EQ(typed("\x04"), "END\n|");
  EXPECT_EQ(typed("a\x04"), "|a") << "Ctrl-D in a line deletes";
  EXPECT_EQ(typed("a\x03"), "INTERRUPT\n|a");
}

TEST(LineEditor, TakesNoMoreThanItsLimit) {
  LineEditor editor("> ");
  static_cast<void>(editor.type(std::string(LineEditor::line_bytes + 10, 'x')));
  EXPECT_EQ(editor.text().size(), LineEditor::line_bytes);
}

TEST(LineEditor, DrawsTheLineWithItsCursor) {
  LineEditor editor("> ");
  EXPECT_EQ(editor.drawn(80), "\r\x1b[K> ");
  typed(editor, "αβγ");
  EXPECT_EQ(editor.drawn(80), "\r\x1b[K> αβγ");
  typed(editor, std::string(left) + left);
  EXPECT_EQ(editor.drawn(80), "\r\x1b[K> αβγ\x1b[2D");
}

TEST(LineEditor, ShowsTheCursorOfALongLine) {
  LineEditor editor("> ");
  typed(editor, "0123456789abcdefghij");
  EXPECT_EQ(editor.drawn(15), "\r\x1b[K> 9abcdefghij");
  typed(editor, home);
  EXPECT_EQ(editor.drawn(15), "\r\x1b[K> 0123456789ab\x1b[12D");
}

}  // namespace
}  // namespace orrery::cli
