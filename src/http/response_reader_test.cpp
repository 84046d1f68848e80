#include "http/response_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace orrery::http {
namespace {

using To = ResponseReader::To;

// "200 OK HTTP/1.1 Name=value" and "complete BODY" lines; "fault: reason" ends it.
std::string transcript_of(const std::vector<std::string>& pieces, To to) {
  ResponseReader reader(HeadLimits{.body_bytes = 64});
  reader.reset(to);
  std::string text;
  const auto tell = [&](const ResponseReader::Event& event) {
    if (const auto* fault = std::get_if<Fault>(&event)) {
      EXPECT_EQ(fault->status, 502);
      text.append("fault: ").append(fault->reason).append("\n");
    } else if (std::holds_alternative<HeadArrived>(event)) {
      text += std::to_string(reader.head().status) + " " + std::string(reader.head().reason) +
              " HTTP/1." + std::to_string(reader.head().minor_version);
      for (const auto& header : reader.head().headers)
        text.append(" ").append(header.name).append("=").append(header.value);
      text += "\n";
    } else if (std::holds_alternative<ResponseComplete>(event)) {
      text.append("complete ").append(reader.body()).append("\n");
      reader.reset(to);
    }
  };
  for (auto piece : pieces) {
    std::span<char> input(piece);
    while (true) {
      const auto event = reader.next(input);
      if (std::holds_alternative<NeedMore>(event)) break;
      tell(event);
      if (std::holds_alternative<Fault>(event)) return text;
    }
  }
  tell(reader.finish());
  return text;
}

TEST(ResponseReader, ReadsResponsesHoweverTheyAreCut) {
  const std::string end = "fault: the connection ended inside the response\n";
  const struct {
    const char* name;
    std::string bytes;
    std::string transcript;
    To to = To::get;
  } rows[] = {
      {"a body by its length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
       "200 OK HTTP/1.1 Content-Length=2\ncomplete hi\n" + end},
      {"a body in chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
       "200 OK HTTP/1.1 Transfer-Encoding=chunked\ncomplete hi\n" + end},
      {"a body until the end", "HTTP/1.0 200 \r\n\r\nhi", "200  HTTP/1.0\ncomplete hi\n"},
      {"no body in the answer to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
       "200 OK HTTP/1.1 Content-Length=9\ncomplete \n" + end, To::head},
      {"no body in 304, whatever its length", "HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n",
       "304 X HTTP/1.1 Content-Length=9\ncomplete \n" + end},
      {"an interim response before the answer",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
       "100 Continue HTTP/1.1\ncomplete \n204 No Content HTTP/1.1\ncomplete \n" + end},
      {"a body that is cut off", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
       "200 OK HTTP/1.1 Content-Length=3\n" + end},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
       "fault: more than one Content-Length\n"},
      {"a body without a length that is too large",
       "HTTP/1.1 200 OK\r\n\r\n" + std::string(65, 'x'),
       "200 OK HTTP/1.1\nfault: body too large\n"},
      {"no status", "HTTP/1.1 abc OK\r\n\r\n", "fault: malformed head\n"},
      {"no response at all", "hello\r\n\r\n", "fault: malformed start line\n"},
  };
  for (const auto& row : rows)
    for (std::size_t at = 0; at < row.bytes.size(); ++at)
      EXPECT_EQ(transcript_of({row.bytes.substr(0, at), row.bytes.substr(at)}, row.to),
                row.transcript)
          << row.name << ", cut at " << at;
}

TEST(ResponseReader, LeavesTheFramesBehindA101Alone) {
  std::string bytes = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nFRAMES";
  ResponseReader reader(HeadLimits{});
  std::span<char> input(bytes);
  ASSERT_TRUE(std::holds_alternative<HeadArrived>(reader.next(input)));
  ASSERT_TRUE(std::holds_alternative<ResponseComplete>(reader.next(input)));
  EXPECT_EQ(std::string(input.begin(), input.end()), "FRAMES");
}

}  // namespace
}  // namespace orrery::http
