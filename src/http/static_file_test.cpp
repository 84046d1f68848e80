#include "http/static_file.h"

#include <gtest/gtest.h>

#include "http/media_type.h"

namespace orrery::http {
namespace {

const FileInfo page{.bytes = 100,
                    .modified = std::chrono::system_clock::time_point(
                        std::chrono::seconds(784111777) + std::chrono::milliseconds(500)),
                    .etag = "\"v1\"",
                    .name = "page.html",
                    .slash_missing = false};
const FileInfo empty{
    .bytes = 0, .modified = page.modified, .etag = "\"v0\"", .name = "x", .slash_missing = false};

RequestHead request_with(std::string_view method, const std::vector<Header>& headers) {
  RequestHead head;
  head.method = method;
  head.target = "/page.html";
  for (const auto& header : headers) head.headers.add(header.name, header.value);
  return head;
}

std::string field(const FileAnswer& answer, std::string_view name) {
  for (const auto& header : answer.headers)
    if (header.name == name) return header.value;
  return "";
}

// "status offset+length Content-Range"
std::string answered(std::string_view method, const std::vector<Header>& headers,
                     const FileInfo& file = page) {
  const auto answer = answer_file(request_with(method, headers), file);
  auto text = std::to_string(answer.status) + " " + std::to_string(answer.offset) + "+" +
              std::to_string(answer.length);
  const auto range = field(answer, "Content-Range");
  return range.empty() ? text : text + " " + range;
}

constexpr auto time_of_page = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr auto a_second_before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr auto a_second_after = "Sun, 06 Nov 1994 08:49:38 GMT";

TEST(StaticFile, TheWholeFileComesWithItsDescription) {
  const auto answer = answer_file(request_with("GET", {}), page);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.length, 100U);
  std::string text;
  for (const auto& header : answer.header_views())
    text.append(header.name).append(": ").append(header.value).append("\n");
  EXPECT_EQ(text,
            "X-Content-Type-Options: nosniff\nETag: \"v1\"\nLast-Modified: Sun, 06 Nov 1994 "
            "08:49:37 GMT\nCache-Control: no-cache\nContent-Type: text/html; "
            "charset=utf-8\nAccept-Ranges: bytes\n");
  EXPECT_EQ(field(answer_file(request_with("GET", {}), page, "max-age=60"), "Cache-Control"),
            "max-age=60");
}

TEST(StaticFile, WhatDidNotChangeIsNotSentAgain) {
  const std::string not_modified = "304 0+0";
  const std::string whole = "200 0+100";
  const std::string failed = "412 0+0";
  const struct {
    const char* name;
    std::vector<Header> headers;
    std::string expected;
  } rows[] = {
      {"the same tag", {{"If-None-Match", "\"v1\""}}, not_modified},
      {"a weak tag", {{"If-None-Match", "W/\"v1\""}}, not_modified},
      {"a list of tags", {{"If-None-Match", "\"a\", W/\"v1\" , \"b\""}}, not_modified},
      {"two headers", {{"If-None-Match", "\"a\""}, {"If-None-Match", "\"v1\""}}, not_modified},
      {"any tag", {{"If-None-Match", "*"}}, not_modified},
      {"another tag", {{"If-None-Match", "\"v2\""}}, whole},
      {"a tag without quotes", {{"If-None-Match", "v1"}}, whole},
      {"the same second", {{"If-Modified-Since", time_of_page}}, not_modified},
      {"a later second", {{"If-Modified-Since", a_second_after}}, not_modified},
      {"an earlier second", {{"If-Modified-Since", a_second_before}}, whole},
      {"a date that is none", {{"If-Modified-Since", "yesterday"}}, whole},
      {"the tag counts, not the date",
       {{"If-None-Match", "\"v2\""}, {"If-Modified-Since", a_second_after}},
       whole},
      {"only if it is still this one", {{"If-Match", "\"v1\""}}, whole},
      {"only if it is another", {{"If-Match", "\"v2\""}}, failed},
      {"a weak tag is not enough", {{"If-Match", "W/\"v1\""}}, failed},
      {"only if unchanged since before", {{"If-Unmodified-Since", a_second_before}}, failed},
      {"only if unchanged since then", {{"If-Unmodified-Since", time_of_page}}, whole},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(answered("GET", row.headers), row.expected) << row.name;
    EXPECT_EQ(answered("HEAD", row.headers), row.expected) << row.name << " (HEAD)";
  }
}

TEST(StaticFile, RangesSelectAPart) {
  const std::string whole = "200 0+100";
  const struct {
    const char* name;
    std::string_view range;
    std::string expected;
  } rows[] = {
      {"from and to", "bytes=10-19", "206 10+10 bytes 10-19/100"},
      {"one byte", "bytes=0-0", "206 0+1 bytes 0-0/100"},
      {"from", "bytes=90-", "206 90+10 bytes 90-99/100"},
      {"the last ones", "bytes=-10", "206 90+10 bytes 90-99/100"},
      {"more than there are", "bytes=-1000", "206 0+100 bytes 0-99/100"},
      {"an end behind the end", "bytes=10-1000", "206 10+90 bytes 10-99/100"},
      {"an end that can't be counted", "bytes=10-99999999999999999999999",
       "206 10+90 bytes 10-99/100"},
      {"the unit has no case", "Bytes=0-1", "206 0+2 bytes 0-1/100"},
      {"a start behind the end", "bytes=100-", "416 0+0 bytes */100"},
      {"a start that can't be counted", "bytes=99999999999999999999999-", "416 0+0 bytes */100"},
      {"the last none", "bytes=-0", "416 0+0 bytes */100"},
      {"several ranges", "bytes=0-1,5-6", whole},
      {"backwards", "bytes=5-4", whole},
      {"another unit", "lines=0-1", whole},
      {"no unit", "0-1", whole},
      {"no numbers", "bytes=-", whole},
      {"no dash", "bytes=5", whole},
      {"letters", "bytes=a-b", whole},
      {"a sign", "bytes=+1-2", whole},
      {"two dashes", "bytes=1--2", whole},
      {"nothing", "", whole},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(answered("GET", {{"Range", row.range}}), row.expected) << row.name;
    EXPECT_EQ(answered("HEAD", {{"Range", row.range}}), whole) << row.name << " (HEAD)";
  }
  EXPECT_EQ(answered("GET", {{"Range", "bytes=0-"}}, empty), "416 0+0 bytes */0");
  EXPECT_EQ(answered("GET", {{"Range", "bytes=-5"}}, empty), "416 0+0 bytes */0");
  EXPECT_EQ(answered("GET", {{"Range", "bytes=0-1"}, {"Range", "bytes=2-3"}}), whole);
}

TEST(StaticFile, ARangeOfAnotherVersionGetsTheWholeFile) {
  const auto with = [](std::string_view if_range) {
    return answered("GET", {{"Range", "bytes=0-0"}, {"If-Range", if_range}});
  };
  const std::string part = "206 0+1 bytes 0-0/100";
  const std::string whole = "200 0+100";
  EXPECT_EQ(with("\"v1\""), part);
  EXPECT_EQ(with("W/\"v1\""), whole);
  EXPECT_EQ(with("\"v2\""), whole);
  EXPECT_EQ(with(time_of_page), part);
  EXPECT_EQ(with(a_second_after), whole);
  EXPECT_EQ(with("garbage"), whole);
}

TEST(StaticFile, OtherMethodsAreNotAllowed) {
  const auto answer = answer_file(request_with("POST", {}), page);
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(field(answer, "Allow"), "GET, HEAD");
  EXPECT_EQ(answer.length, 0U);
}

TEST(StaticFile, ADirectoryGetsItsSlash) {
  auto directory = page;
  directory.slash_missing = true;
  const auto location = [&](std::string_view target) {
    auto head = request_with("GET", {});
    head.target = target;
    const auto answer = answer_file(head, directory);
    EXPECT_EQ(answer.status, 301);
    return field(answer, "Location");
  };
  EXPECT_EQ(location("/docs"), "./docs/");
  EXPECT_EQ(location("/a/docs?x=/1"), "./docs/?x=/1");
  EXPECT_EQ(location("//evil.example"), "./evil.example/");
  EXPECT_EQ(location("/javascript:x"), "./javascript:x/");
}

TEST(MediaType, ComesFromTheExtension) {
  EXPECT_EQ(media_type("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(media_type("A.B.JS"), "text/javascript; charset=utf-8");
  EXPECT_EQ(media_type("x.wasm"), "application/wasm");
  EXPECT_EQ(media_type("x.woff2"), "font/woff2");
  EXPECT_EQ(media_type("html"), "application/octet-stream");
  EXPECT_EQ(media_type("x."), "application/octet-stream");
  EXPECT_EQ(media_type("x.unheard"), "application/octet-stream");
}

}  // namespace
}  // namespace orrery::http
