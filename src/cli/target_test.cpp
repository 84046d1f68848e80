#include "cli/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/client_options.h"

namespace orrery::cli {
namespace {

using testing::HasSubstr;

std::string understood(std::string_view url) {
  const auto target = parse_target(url);
  if (!target) return target.error();
  return (target->tls ? "tls " : "plain ") + target->place() + " " + target->host_header() + " " +
         target->resource;
}

TEST(Target, IsWhatAUrlSays) {
  struct Row {
    const char *url, *meaning;
  };
  const Row rows[] = {
      {"ws://localhost:7512/echo?x=1", "plain localhost:7512 localhost:7512 /echo?x=1"},
      {"wss://example.com", "tls example.com:443 example.com /"},
      {"ws://example.com/", "plain example.com:80 example.com /"},
      {"ws://example.com:443/", "plain example.com:443 example.com:443 /"},
      {"http://127.0.0.1:7512", "plain 127.0.0.1:7512 127.0.0.1:7512 /"},
      {"https://127.0.0.1:7512", "tls 127.0.0.1:7512 127.0.0.1:7512 /"},
      {"ws://[::1]:80/a", "plain [::1]:80 [::1] /a"},
      {"ws://host?token=1", "plain host:80 host /?token=1"},
      {"ws+unix:/run/orrery.sock:/echo", "plain unix:/run/orrery.sock localhost /echo"},
      {"ws+unix:///run/orrery.sock:/echo", "plain unix:/run/orrery.sock localhost /echo"},
      {"unix:/run/orrery.sock", "plain unix:/run/orrery.sock localhost /"},
  };
  for (const auto& row : rows) EXPECT_EQ(understood(row.url), row.meaning) << row.url;
}

TEST(Target, IsRefusedWithWhatToDo) {
  struct Row {
    const char *url, *advice;
  };
  const Row rows[] = {
      {"localhost:7512", "must start with ws:// or wss://"},
      {"ftp://host/", "must start with ws://"},
      {"ws://", "the host is missing"},
      {"ws://:80/", "the host is missing"},
      {"ws://host:0/", "not a number from 1 to 65535"},
      {"ws://host:70000/", "not a number from 1 to 65535"},
      {"ws://host:/", "not a number from 1 to 65535"},
      {"ws://host:80x/", "not a number from 1 to 65535"},
      {"ws://us er/", "the host is not one"},
      {"ws://me:secret@host/", "--header \"Authorization"},
      {"ws://host/a#b", "write %23"},
      {"ws://host/a b", "percent-encoding"},
      {"ws://host/a\r\nX: y", "percent-encoding"},
      {"ws+unix:run/orrery.sock", "starts with /"},
  };
  for (const auto& row : rows) EXPECT_THAT(understood(row.url), HasSubstr(row.advice)) << row.url;
}

TEST(Headers, OfOurOwnAndBrokenOnesAreRefused) {
  EXPECT_EQ(fault_in_header("Authorization: Bearer x"), "");
  EXPECT_EQ(fault_in_header("X-Empty:"), "");
  EXPECT_THAT(fault_in_header("no colon"), HasSubstr("--header \"Name: value\""));
  EXPECT_THAT(fault_in_header(": value"), HasSubstr("--header \"Name: value\""));
  EXPECT_THAT(fault_in_header("a: b\r\nc: d"), HasSubstr("one line"));
  EXPECT_THAT(fault_in_header("sec-websocket-key: x"), HasSubstr("leave it out"));
  EXPECT_THAT(fault_in_header("Sec-WebSocket-Protocol: x"), HasSubstr("--subprotocol"));
}

}  // namespace
}  // namespace orrery::cli
