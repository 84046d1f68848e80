#include "http/request_reader.h"

#include <gtest/gtest.h>

#include "http/request_transcript.h"

namespace orrery::http {
namespace {

using namespace std::string_literals;

struct Row {
  const char* name;
  std::string bytes;
  std::string transcript;
};

void expect_everywhere(const Row& row, HeadLimits limits = {}) {
  for (const auto& cut : every_cut(row.bytes))
    ASSERT_EQ(transcript_of(cut, limits), row.transcript)
        << row.name << ", first piece of " << cut.front().size();
}

const std::string host = "Host: h\r\n";
const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string chunked_head = "POST / HTTP/1.1 Host=h Transfer-Encoding=chunked\n";

TEST(RequestReader, ReadsWhatIsWellFormed) {
  const Row rows[] = {
      {"a request without a body", "GET /a?b=c HTTP/1.1\r\n" + host + "\r\n",
       "GET /a?b=c HTTP/1.1 Host=h\ncomplete \n"},
      {"an HTTP/1.0 request needs no Host", "GET / HTTP/1.0\r\n\r\n",
       "GET / HTTP/1.0\ncomplete \n"},
      {"a body by its length", "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello",
       "POST / HTTP/1.1 Host=h Content-Length=5\ncomplete hello\n"},
      {"a body of length 0", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n",
       "POST / HTTP/1.1 Host=h Content-Length=0\ncomplete \n"},
      {"pipelined requests stay in order",
       "POST /1 HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nxGET /2 HTTP/1.1\r\n" + host +
           "\r\nGET /3 HTTP/1.0\r\n\r\n",
       "POST /1 HTTP/1.1 Host=h Content-Length=1\ncomplete x\nGET /2 HTTP/1.1 Host=h\ncomplete \n"
       "GET /3 HTTP/1.0\ncomplete \n"},
      {"one empty line before a request is ignored",
       "\r\nGET /1 HTTP/1.1\r\n" + host + "\r\n\r\nGET /2 HTTP/1.1\r\n" + host + "\r\n",
       "GET /1 HTTP/1.1 Host=h\ncomplete \nGET /2 HTTP/1.1 Host=h\ncomplete \n"},
      {"white space around a value is no part of it",
       "GET / HTTP/1.1\r\n" + host + "A:  \t b c\t \r\nB:\r\n\r\n",
       "GET / HTTP/1.1 Host=h A=b c B=\ncomplete \n"},
      {"bytes above ASCII may stand in a value",
       "GET / HTTP/1.1\r\n" + host + "A: caf\xc3\xa9\r\n\r\n",
       "GET / HTTP/1.1 Host=h A=caf\xc3\xa9\ncomplete \n"},
      {"chunks are put together", chunked + "3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n",
       chunked_head + "complete abc0123456789\n"},
      {"chunk extensions and trailers are dropped",
       chunked + "1 ; a=\"\\\"x; \"; b=c\r\nz\r\n0;last\r\nX-Sum: 1\r\nY:\r\n\r\n",
       chunked_head + "complete z\n"},
      {"the coding's name has no case",
       "POST / HTTP/1.1\r\n" + host + "transfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n",
       "POST / HTTP/1.1 Host=h transfer-encoding=CHUNKED\ncomplete \n"},
      {"absolute form is a target too", "GET http://h:80/a HTTP/1.1\r\n" + host + "\r\n",
       "GET http://h:80/a HTTP/1.1 Host=h\ncomplete \n"},
      {"OPTIONS may ask about the whole server", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n",
       "OPTIONS * HTTP/1.1 Host=h\ncomplete \n"},
      {"an empty Host is one", "GET / HTTP/1.1\r\nHost:\r\n\r\n",
       "GET / HTTP/1.1 Host=\ncomplete \n"},
      {"an unfinished request is neither", "GET / HTTP/1.1\r\n" + host, ""},
  };
  for (const auto& row : rows) expect_everywhere(row);
}

std::string post(const std::string& headers) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
}
const std::string tail = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(RequestReader, RefusesBodiesWhoseLengthIsNotClear) {
  const Row rows[] = {
      {"both a length and a coding",
       post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" + tail,
       "400 ambiguous Transfer-Encoding\n"},
      {"both, the other way round",
       post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n") + "0\r\n\r\n" + tail,
       "400 malformed Content-Length\n"},
      {"a length beside an unknown coding",
       post("Transfer-Encoding: gzip\r\nContent-Length: 4\r\n") + tail,
       "400 both Content-Length and Transfer-Encoding\n"},
      {"two different lengths", post("Content-Length: 4\r\nContent-Length: 5\r\n") + tail,
       "400 more than one Content-Length\n"},
      {"the same length twice", post("Content-Length: 4\r\nContent-Length: 4\r\n") + tail,
       "400 more than one Content-Length\n"},
      {"a list of lengths", post("Content-Length: 4, 4\r\n") + tail,
       "400 malformed Content-Length\n"},
      {"a signed length", post("Content-Length: +4\r\n") + tail, "400 malformed Content-Length\n"},
      {"a negative length", post("Content-Length: -1\r\n") + tail,
       "400 malformed Content-Length\n"},
      {"a hexadecimal length", post("Content-Length: 0x4\r\n") + tail,
       "400 malformed Content-Length\n"},
      {"an empty length", post("Content-Length:\r\n") + tail, "400 malformed Content-Length\n"},
      {"a length of 2^64", post("Content-Length: 18446744073709551616\r\n"),
       "400 malformed Content-Length\n"},
      {"chunked twice", post("Transfer-Encoding: chunked, chunked\r\n") + tail,
       "400 Transfer-Encoding chunked twice\n"},
      {"chunked in two headers",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + tail,
       "400 ambiguous Transfer-Encoding\n"},
      {"a coding before chunked", post("Transfer-Encoding: gzip, chunked\r\n") + tail,
       "501 unknown Transfer-Encoding\n"},
      {"chunked before a coding", post("Transfer-Encoding: chunked, identity\r\n") + tail,
       "501 unknown Transfer-Encoding\n"},
      {"a coding that only looks like chunked", post("Transfer-Encoding: xchunked\r\n") + tail,
       "501 unknown Transfer-Encoding\n"},
      {"an empty coding", post("Transfer-Encoding:\r\n") + tail, "501 unknown Transfer-Encoding\n"},
      {"a coding with a vertical tab", post("Transfer-Encoding: \x0b chunked\r\n") + tail,
       "400 malformed header value\n"},
      {"a coding in HTTP/1.0",
       "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + tail,
       "400 Transfer-Encoding in HTTP/1.0\n"},
  };
  for (const auto& row : rows) expect_everywhere(row);
}

TEST(RequestReader, RefusesLinesThatAnotherServerMightCutDifferently) {
  const Row rows[] = {
      {"a space before the colon", post("Transfer-Encoding : chunked\r\n") + tail,
       "400 malformed header name\n"},
      {"a space before the name", post(" Transfer-Encoding: chunked\r\n") + tail,
       "400 folded header line\n"},
      {"a folded line", post("A: b\r\n c\r\n") + tail, "400 folded header line\n"},
      {"a line folded with a tab", post("A: b\r\n\tc\r\n") + tail, "400 folded header line\n"},
      {"a folded first line", "POST / HTTP/1.1\r\n Host: h\r\n\r\n", "400 folded header line\n"},
      {"a line without CR", "GET / HTTP/1.1\nHost: h\r\n\r\n",
       "400 line feed without carriage return\n"},
      {"a header line without CR", "GET / HTTP/1.1\r\nHost: h\n\r\n",
       "400 line feed without carriage return\n"},
      {"a last line without CR", "GET / HTTP/1.1\r\nHost: h\r\n\n",
       "400 line feed without carriage return\n"},
      {"CR without LF in a value", post("A: b\rTransfer-Encoding: chunked\r\n"),
       "400 carriage return without line feed\n"},
      {"CR CR LF", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n",
       "400 carriage return without line feed\n"},
      {"NUL in a value", post("A: b\0c\r\n"s), "400 malformed header value\n"},
      {"NUL in a name", post("A\0: b\r\n"s), "400 malformed header name\n"},
      {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"s,
       "400 malformed request target\n"},
      {"an empty header name", post(": b\r\n"), "400 malformed header name\n"},
      {"a header without a colon", post("hello\r\n"), "400 malformed header name\n"},
  };
  for (const auto& row : rows) expect_everywhere(row);
}

TEST(RequestReader, RefusesRequestsWithoutOneClearTarget) {
  const Row rows[] = {
      {"no Host", "GET / HTTP/1.1\r\n\r\n", "400 no Host\n"},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400 more than one Host\n"},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
       "400 more than one Host\n"},
      {"a Host that is none", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 malformed Host\n"},
      {"a Host with a user", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", "400 malformed Host\n"},
      {"a fragment in the target", "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n",
       "400 malformed request target\n"},
      {"a target that is no path", "GET a HTTP/1.1\r\nHost: h\r\n\r\n",
       "400 malformed request target\n"},
      {"a broken escape", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "400 malformed request target\n"},
      {"an escaped NUL", "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", "400 malformed request target\n"},
      {"an asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
       "400 malformed request target\n"},
      {"another scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
       "400 malformed request target\n"},
      {"a tunnel", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
       "501 this server is no proxy\n"},
      {"HTTP/0.9", "GET /\r\n\r\n", "400 malformed request target\n"},
      {"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
       "400 malformed request target\n"},
      {"a space after the version", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
       "400 malformed start line\n"},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
       "505 only HTTP/1.0 and HTTP/1.1 are spoken here\n"},
      {"a version that is none", "GET / HTTP/1.x\r\nHost: h\r\n\r\n", "400 malformed start line\n"},
      {"empty lines without end", "\r\n\r\n", "400 empty lines instead of a head\n"},
      {"a body behind a request without one", "GET / HTTP/1.1\r\nHost: h\r\n\r\n\x01\r\n\r\n",
       "GET / HTTP/1.1 Host=h\ncomplete \n400 malformed method\n"},
  };
  for (const auto& row : rows) expect_everywhere(row);
}

TEST(RequestReader, RefusesChunksThatAreNotExactlyInForm) {
  const Row rows[] = {
      {"a size that overflows", "10000000000000005\r\nhello", "400 chunk size too long\n"},
      {"a size of 2^64-1", "ffffffffffffffff\r\n", "413 body too large\n"},
      {"a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n", "400 malformed chunk\n"},
      {"a signed size", "+5\r\nhello\r\n0\r\n\r\n", "400 malformed chunk\n"},
      {"no size", "\r\nhello", "400 malformed chunk\n"},
      {"an extension without a size", ";a\r\n", "400 malformed chunk\n"},
      {"a space behind the size", "5 \r\nhello\r\n0\r\n\r\n", "400 malformed chunk\n"},
      {"a size line that ends in LF", "5\nhello\r\n0\r\n\r\n", "400 malformed chunk\n"},
      {"an extension that hides a LF", "5;a\nhello\r\n0\r\n\r\n", "400 malformed chunk\n"},
      {"a quoted LF", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", "400 malformed chunk\n"},
      {"an escaped CR", "5;a=\"\\\r\n\"\r\nhello\r\n0\r\n\r\n", "400 malformed chunk\n"},
      {"CR without LF behind the size", "5\rXhello\r\n0\r\n\r\n", "400 malformed chunk\n"},
      {"a chunk longer than its size", "5\r\nhello!\r\n0\r\n\r\n", "400 malformed chunk\n"},
      {"a chunk that ends in LF", "5\r\nhello\n0\r\n\r\n", "400 malformed chunk\n"},
      {"a chunk that ends in CR", "5\r\nhello\rX0\r\n\r\n", "400 malformed chunk\n"},
      {"a folded trailer", "0\r\n a: b\r\n\r\n", "400 malformed trailer\n"},
      {"a trailer without a colon", "0\r\nab\r\n\r\n", "400 malformed trailer\n"},
      {"a trailer with a bare LF", "0\r\na: b\n\r\n", "400 malformed trailer\n"},
      {"a trailer with a bare CR", "0\r\na: b\rc\r\n\r\n", "400 malformed trailer\n"},
      {"an end with a bare CR", "0\r\n\rX", "400 malformed trailer\n"},
  };
  for (const auto& row : rows)
    expect_everywhere({row.name, chunked + row.bytes, chunked_head + row.transcript});
}

TEST(RequestReader, HasTheTargetOfTheRequestThatItReads) {
  std::string bytes = "GET /one?x=1 HTTP/1.1\r\nHost: h\r\n\r\nGET http://h/two HTTP/1.1\r\n" +
                      host + "\r\nGET /%zz HTTP/1.1\r\nHost: h\r\n\r\n";
  RequestReader reader(HeadLimits{});
  std::span<char> input(bytes);
  const auto arrives = [&] {
    EXPECT_FALSE(reader.target());
    return std::holds_alternative<HeadArrived>(reader.next(input));
  };
  ASSERT_TRUE(arrives());
  EXPECT_EQ(reader.target()->raw_path, "/one");
  EXPECT_EQ(reader.target()->query, "x=1");
  ASSERT_TRUE(std::holds_alternative<RequestComplete>(reader.next(input)));
  EXPECT_EQ(reader.target()->raw_path, "/one");
  reader.reset();
  ASSERT_TRUE(arrives());
  EXPECT_EQ(reader.target()->raw_path, "/two");
  EXPECT_EQ(reader.target()->query, "");
  EXPECT_EQ(reader.target()->authority, "h");
  ASSERT_TRUE(std::holds_alternative<RequestComplete>(reader.next(input)));
  reader.reset();
  ASSERT_FALSE(arrives());
  EXPECT_FALSE(reader.target()) << "it is malformed";
}

TEST(RequestReader, KeepsItsLimits) {
  const HeadLimits small{.head_bytes = 64, .header_count = 2, .body_bytes = 4};
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nA: ";  // 28 bytes, 4 more at the end
  const Row rows[] = {
      {"a head of exactly the limit", start + std::string(32, 'a') + "\r\n\r\n",
       "GET / HTTP/1.1 Host=h A=" + std::string(32, 'a') + "\ncomplete \n"},
      {"a head one byte larger", start + std::string(33, 'a') + "\r\n\r\n", "431 head too large\n"},
      {"a head without an end", std::string(64, 'a'), "431 head too large\n"},
      {"too many headers, before the head ends", "GET / HTTP/1.1\r\nHost: h\r\nA:\r\nB:\r\n",
       "431 too many headers\n"},
      {"a body that is declared too large",
       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", "413 body too large\n"},
      {"a body of exactly the limit", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd",
       "POST / HTTP/1.1 Host=h Content-Length=4\ncomplete abcd\n"},
      {"chunks of exactly the limit", chunked + "1\r\na\r\n3\r\nbcd\r\n0\r\n\r\n",
       chunked_head + "complete abcd\n"},
      {"chunks that together are too large", chunked + "1\r\na\r\n4\r\n",
       chunked_head + "413 body too large\n"},
      {"extensions without an end", chunked + "1;" + std::string(65, 'x'),
       chunked_head + "431 chunk extensions too long\n"},
      {"trailers without an end", chunked + "0\r\n" + std::string(65, 'x'),
       chunked_head + "431 trailers too long\n"},
  };
  for (auto row : rows) {
    auto limits = small;
    if (row.bytes.starts_with("POST")) limits.head_bytes = 60;
    expect_everywhere(row, limits);
  }
}

TEST(RequestReader, TwoThousandHeadersAreRefusedAtTheHundredAndFirst) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 1999; ++i) bytes += "A:\r\n";
  RequestReader reader(HeadLimits{});
  std::span<char> input(bytes);
  const auto event = reader.next(input);
  ASSERT_TRUE(std::holds_alternative<Fault>(event));
  EXPECT_EQ(std::get<Fault>(event).status, 431);
  EXPECT_EQ(reader.work().parses, 0U);
  EXPECT_LT(reader.work().scanned_bytes, 450U);
}

TEST(RequestReader, AnAdversarialHeadByteByByteIsScannedOnceAndParsedOnce) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
  while (bytes.size() < 16 * 1024 - 5) bytes += ", \"";
  bytes.resize(16 * 1024 - 4);
  bytes += "\r\n\r\n";
  RequestReader reader(HeadLimits{});
  std::size_t heads = 0;
  for (char& byte : bytes) {
    std::span<char> input(&byte, 1);
    heads += std::holds_alternative<HeadArrived>(reader.next(input)) ? 1 : 0;
  }
  EXPECT_EQ(heads, 1U);
  EXPECT_EQ(reader.work().scanned_bytes, bytes.size());
  EXPECT_EQ(reader.work().parses, 1U);
}

TEST(RequestReader, LeavesTheBytesBehindAnUpgradeAlone) {
  std::string bytes = "GET / HTTP/1.1\r\n" + host + "Upgrade: websocket\r\n\r\nFRAMES";
  RequestReader reader(HeadLimits{});
  std::span<char> input(bytes);
  ASSERT_TRUE(std::holds_alternative<HeadArrived>(reader.next(input)));
  EXPECT_EQ(std::string(input.begin(), input.end()), "FRAMES");
  EXPECT_FALSE(reader.has_body());
  bytes.assign(bytes.size(), '!');
  EXPECT_EQ(reader.head().headers.find("upgrade"), "websocket");  // it has its own copy
}

TEST(RequestReader, KnowsWhetherTheConnectionGoesOn) {
  const struct {
    const char* name;
    std::string bytes;
    bool keep_alive;
  } rows[] = {
      {"HTTP/1.1 goes on", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
      {"unless it says close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n", false},
      {"HTTP/1.0 ends", "GET / HTTP/1.0\r\n\r\n", false},
      {"unless it says keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"close wins", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
  };
  for (auto row : rows) {
    RequestReader reader(HeadLimits{});
    std::span<char> input(row.bytes);
    ASSERT_TRUE(std::holds_alternative<HeadArrived>(reader.next(input))) << row.name;
    EXPECT_EQ(reader.keep_alive(), row.keep_alive) << row.name;
  }
}

TEST(RequestReader, KnowsWhoWaitsForContinue) {
  std::string bytes =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\nx";
  RequestReader reader(HeadLimits{});
  EXPECT_FALSE(reader.started());
  std::span<char> input(bytes);
  ASSERT_TRUE(std::holds_alternative<HeadArrived>(reader.next(input)));
  EXPECT_TRUE(reader.expects_continue());
  EXPECT_TRUE(reader.has_body());
  EXPECT_TRUE(reader.started());
  ASSERT_TRUE(std::holds_alternative<RequestComplete>(reader.next(input)));
  reader.reset();
  EXPECT_FALSE(reader.expects_continue());
  EXPECT_FALSE(reader.started());
}

TEST(RequestReader, AnEmptyLineIsNoRequestYet) {
  std::string bytes = "\r\nG";
  RequestReader reader(HeadLimits{});
  std::span<char> input(bytes.data(), 2);
  reader.next(input);
  EXPECT_FALSE(reader.started());
  input = {bytes.data() + 2, 1};
  reader.next(input);
  EXPECT_TRUE(reader.started());
}

TEST(RequestReader, NeverReadsBehindAFault) {
  std::string bytes = "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";
  RequestReader reader(HeadLimits{});
  std::span<char> input(bytes);
  ASSERT_TRUE(std::holds_alternative<Fault>(reader.next(input)));
  EXPECT_TRUE(input.empty());
  std::string good = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  input = good;
  const auto again = reader.next(input);
  ASSERT_TRUE(std::holds_alternative<Fault>(again));
  EXPECT_STREQ(std::get<Fault>(again).reason, "no Host");
  EXPECT_TRUE(input.empty());
  EXPECT_FALSE(reader.keep_alive());
}

TEST(RequestReader, AllocatesForABodyAsItComes) {
  std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000\r\n\r\nab";
  RequestReader reader(HeadLimits{.body_bytes = std::uint64_t{1} << 50U});
  std::span<char> input(head);
  ASSERT_TRUE(std::holds_alternative<HeadArrived>(reader.next(input)));
  ASSERT_TRUE(std::holds_alternative<NeedMore>(reader.next(input)));
  EXPECT_EQ(reader.body(), "ab");
}

}  // namespace
}  // namespace orrery::http
