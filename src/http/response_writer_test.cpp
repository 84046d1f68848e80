#include "http/response_writer.h"

#include <gtest/gtest.h>

#include "http/date.h"

namespace orrery::http {
namespace {

using namespace std::string_view_literals;
using Names = std::vector<std::string>;

std::string written(int status, std::vector<Header> headers, std::string_view body,
                    const ResponseOptions& options = {}) {
  std::string out;
  EXPECT_EQ(append_response(out, status, headers, body, options), Names{});
  return out;
}

TEST(ResponseWriter, WritesResponses) {
  const auto date = std::chrono::system_clock::time_point(std::chrono::seconds(784111777));
  const struct {
    const char* name;
    std::string bytes;
    const char* expected;
  } rows[] = {
      {"a page", written(200, {{"Content-Type", "text/plain"}}, "hi"),
       "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"},
      {"the date, when there is one", written(404, {}, "", {.date = date}),
       "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: "
       "0\r\n\r\n"},
      {"HEAD keeps the length", written(200, {}, "hello", {.head_only = true}),
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
      {"a connection that ends", written(400, {}, "x", {.keep_alive = false}),
       "HTTP/1.1 400 Bad Request\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"},
      {"close is said once", written(400, {{"Connection", "close"}}, "", {.keep_alive = false}),
       "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
      {"a refused upgrade",
       written(426, {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}}, "",
               {.keep_alive = false}),
       "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Content-Length: 0\r\nConnection: close\r\n\r\n"},
      {"an HTTP/1.0 client that may go on", written(200, {}, "", {.minor_version = 0}),
       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"},
      {"101 has no length and no close",
       written(101, {{"Upgrade", "websocket"}}, "", {.keep_alive = false}),
       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"},
      {"204 has no body", written(204, {}, "ignored"), "HTTP/1.1 204 No Content\r\n\r\n"},
      {"304 has no body", written(304, {{"ETag", "\"x\""}}, "ignored"),
       "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"},
      {"a status without a phrase", written(299, {}, ""),
       "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"},
  };
  for (const auto& row : rows) EXPECT_EQ(row.bytes, row.expected) << row.name;
}

TEST(ResponseWriter, NoValueCanSmuggleAHeader) {
  const std::vector<Header> headers = {{"A", "x\r\nSet-Cookie: evil=1"},
                                       {"B", "x\ny"},
                                       {"C", "x\ry"},
                                       {"D", "x\0y"sv},
                                       {"E\r\nF", "x"},
                                       {"G ", "x"},
                                       {"", "x"},
                                       {"Content-Length", "99"},
                                       {"transfer-encoding", "chunked"},
                                       {"Date", "now"},
                                       {"Good", "caf\xc3\xa9\tx"}};
  std::string out;
  EXPECT_EQ(append_response(out, 200, headers, "", {}),
            (Names{"A", "B", "C", "D", "E\r\nF", "G ", "", "Content-Length", "transfer-encoding",
                   "Date"}));
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nGood: caf\xc3\xa9\tx\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseWriter, TheHeadAloneKnowsTheLengthOfWhatFollows) {
  std::string out;
  EXPECT_EQ(append_response_head(out, 206, {}, 1'000'000'000'000, {}), Names{});
  EXPECT_EQ(out, "HTTP/1.1 206 Partial Content\r\nContent-Length: 1000000000000\r\n\r\n");
}

TEST(ResponseWriter, KnowsItsPhrases) {
  EXPECT_EQ(reason_phrase(101), "Switching Protocols");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
  EXPECT_EQ(reason_phrase(99), "");
  EXPECT_EQ(reason_phrase(600), "");
}

TEST(Date, ReadsTheThreeFormsAndWritesOne) {
  const auto time = std::chrono::system_clock::time_point(std::chrono::seconds(784111777));
  EXPECT_EQ(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(time + std::chrono::milliseconds(999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), time);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), time);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), time);
  EXPECT_EQ(http_date({}), "Thu, 01 Jan 1970 00:00:00 GMT");
  for (const auto* bad : {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 6 Nov 1994 08:49:37 GMT",
                          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                          "Sun, 06 Nov 1994 08:49:37 GMT ", "Xxx, 06 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nov 9999 08:49:37 GMT", "Sun, 06 Nov 1969 08:49:37 GMT",
                          "Sun Nov  6 08:49:37 1994 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT"})
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
}

TEST(Date, EveryDayOfFourYearsComesBack) {
  for (int day = 0; day < 4 * 366; ++day) {
    const auto time = std::chrono::system_clock::time_point(
        std::chrono::seconds(951782400 + day * 86400LL + day));
    ASSERT_EQ(parse_http_date(http_date(time)), time) << day;
  }
}

}  // namespace
}  // namespace orrery::http
