#include "config/parse.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace orrery::config {
namespace {

// Every value and key with its place: `1:2 "a" 1:7 5`.
void transcribe(const Value& value, std::string& out) {
  out += fmt::format("{}:{} {} ", value.at.line, value.at.column, found(value));
  if (const auto* list = std::get_if<List>(&value.data))
    for (const Value& each : *list) transcribe(each, out);
  if (const auto* object = std::get_if<Object>(&value.data))
    for (const Member& member : *object) {
      out += fmt::format("{}:{} {}= ", member.at.line, member.at.column, member.name);
      transcribe(member.value, out);
    }
}

std::string transcript_of(std::string_view text) {
  const auto parsed = parse(text);
  if (const auto* fault = std::get_if<SyntaxFault>(&parsed))
    return fmt::format("{}:{} {}", fault->at.line, fault->at.column, fault->message);
  std::string out;
  transcribe(std::get<Value>(parsed), out);
  out.pop_back();
  return out;
}

struct Row {
  std::string_view name, text, transcript;
};

TEST(Parse, KnowsWhereEverythingStood) {
  const Row rows[] = {
      {"an empty object", "{}", "1:1 an object"},
      {"a number that a bracket ends", R"({"a":5})", "1:1 an object 1:2 a= 1:6 5"},
      {"a number that a line ends", "[1\n,2\n]", "1:1 a list 1:2 1 2:2 2"},
      {"an empty text", R"(["", "b"])", "1:1 a list 1:2 \"\" 1:6 \"b\""},
      {"an empty name", R"({"":1})", "1:1 an object 1:2 = 1:5 1"},
      {"words", "[true, false,\n null]", "1:1 a list 1:2 true 1:8 false 2:2 null"},
      {"numbers of all kinds", "[-1, 1.5, 1e3, 99999999999999999999]",
       "1:1 a list 1:2 -1 1:6 1.5 1:11 1000 1:16 1e+20"},
      {"windows line ends", "{\r\n \"a\": 1\r\n}", "1:1 an object 2:2 a= 2:7 1"},
      {"columns count characters", "[\"\xc3\xbc\", 1]", "1:1 a list 1:2 \"\xc3\xbc\" 1:7 1"},
      {"escapes", R"(["\u00fc\n\"", 1])", "1:1 a list 1:2 \"\xc3\xbc\\n\\\"\" 1:16 1"},
      {"nested", R"({"a": {"b": [1]}})",
       "1:1 an object 1:2 a= 1:7 an object 1:8 b= 1:13 a list 1:14 1"},
      {"trailing commas", "{\"a\": [1, ],\n}", "1:1 an object 1:2 a= 1:7 a list 1:8 1"},
  };
  for (const auto& row : rows) EXPECT_EQ(transcript_of(row.text), row.transcript) << row.name;
}

TEST(Parse, SkipsComments) {
  const Row rows[] = {
      {"before everything", "// a\n/* b */ {}", "2:9 an object"},
      {"after everything", "{} // a", "1:1 an object"},
      {"after everything, without an end of line", "{} /* a */", "1:1 an object"},
      {"between name and value", "{\"a\" /* x */ : // y\n 5}", "1:1 an object 1:2 a= 2:2 5"},
      {"right after a number", "[1/* x */,2//\n]", "1:1 a list 1:2 1 1:11 2"},
      {"with quotes in them", "[/* \" */ 1, // \"\n 2]", "1:1 a list 1:10 1 2:2 2"},
      {"with letters beyond ASCII", "[/* \xc3\xbc */ 1]", "1:1 a list 1:10 1"},
      {"texts that look like one", R"(["/* no */", "//"])",
       "1:1 a list 1:2 \"/* no */\" 1:14 \"//\""},
      {"an escaped quote ends no text", R"(["\"/*", 1])", "1:1 a list 1:2 \"\\\"/*\" 1:10 1"},
      {"stars", "[/***/1/**/]", "1:1 a list 1:7 1"},
      {"stars at its end", "[1/*a**/,2]", "1:1 a list 1:2 1 1:10 2"},
  };
  for (const auto& row : rows) EXPECT_EQ(transcript_of(row.text), row.transcript) << row.name;
}

TEST(Parse, SaysWhereItStopsBeingJson) {
  const Row rows[] = {
      {"nothing", "", "1:1 the text ends before there is a value"},
      {"only a comment", "// a\n", "2:1 the text ends before there is a value"},
      {"a missing brace", "{\n \"a\": {\n  \"b\": 1\n }\n",
       "5:1 the text ends before the bracket of line 1, column 1 is closed"},
      {"an inner one", "{\n \"a\": [1",
       "2:9 the text ends before the bracket of line 2, column 7 is closed"},
      {"a text without end", "[\"a",
       "1:4 the text ends before the bracket of line 1, column 1 is closed"},
      {"a comment without end", "{} /* a\n", "2:1 the text ends before a /* comment is closed"},
      {"a word that is none", "{\"a\": tru}", "1:10 found '}' where JSON does not allow it"},
      {"a line break in a text", "[\"a\n\"]",
       "1:4 found the end of the line where JSON does not allow it"},
      {"a word in the wrong place", "{\"a\": 1 b}", "1:9 found 'b' where JSON does not allow it"},
      {"a missing colon", R"({"x": 1, "a" "b"})", "1:14 found '\"' where JSON does not allow it"},
      {"the wrong bracket", "{\"a\": [1}", "1:9 found '}' where JSON does not allow it"},
      {"two configurations", "{}\n{}", "2:1 found '{' after the end of the configuration"},
      {"single quotes", "{'a': 1}", "1:2 found ''' where JSON does not allow it"},
      {"a lonely slash", "{ / }", "1:3 found '/' where JSON does not allow it"},
      {"a zero byte", std::string_view("{\0}", 3),
       "1:2 found byte 0x00 where JSON does not allow it"},
  };
  for (const auto& row : rows) EXPECT_EQ(transcript_of(row.text), row.transcript) << row.name;
}

TEST(Parse, SaysWhereACommaIsMissing) {
  constexpr std::string_view quote =
      "found '\"' where JSON does not allow it: a comma is probably missing before it";
  const auto with = [&quote](std::string_view place, char found = '"') {
    std::string sentence = fmt::format("{} {}", place, quote);
    sentence[sentence.find('"')] = found;
    return sentence;
  };
  const std::pair<std::string_view, std::string> rows[] = {
      {"{\"a\": 1\n \"b\": 2}", with("2:2")},
      {"{\"a\": \"x, y\" \"b\": 2}", with("1:14")},
      {"{\"a\": true // no\n\"b\": 2}", with("2:1")},
      {"{\"a\": {} \"b\": 2}", with("1:10")},
      {"{\"a\": [1]\n\"b\": 2}", with("2:1")},
      {"[\"a\" \"b\"]", with("1:6")},
      {"[[1] [2]]", with("1:6", '[')},
      {"[{} {}]", with("1:5", '{')},
      {"[1 2]", with("1:4", '2')},
      {"[1 true]", with("1:4", 't')},
  };
  for (const auto& [text, sentence] : rows) EXPECT_EQ(transcript_of(text), sentence) << text;
}

TEST(Parse, BoundsItsDepth) {
  EXPECT_EQ(transcript_of(std::string(33, '[') + std::string(33, ']')), "1:33 found '[': too deep");
}

// Wherever a text is cut, the answer is a fault or a value: never a crash.
TEST(Parse, SurvivesEveryCut) {
  const std::string_view whole = R"({"a": [1, "b\u00fc", /* c */ true,], // d
    "e": {"f": -1.5e3}})";
  EXPECT_EQ(transcript_of(whole).find("1:1 an object"), 0u);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_TRUE(std::holds_alternative<SyntaxFault>(parse(whole.substr(0, size)))) << size;
}

}  // namespace
}  // namespace orrery::config
