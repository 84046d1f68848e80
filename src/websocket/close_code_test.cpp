#include "websocket/close_code.h"

#include <gtest/gtest.h>

namespace orrery::websocket {
namespace {

TEST(CloseCode, ExactlyTheRegisteredAndPrivateOnesMayCross) {
  const auto expected = [](int code) {
    switch (code) {
      case 1000:
      case 1001:
      case 1002:
      case 1003:
      case 1007:
      case 1008:
      case 1009:
      case 1010:
      case 1011:
      case 1012:
      case 1013:
      case 1014: return true;
      default: return code >= 3000 && code < 5000;
    }
  };
  for (int code = 0; code <= 0xffff; ++code) {
    EXPECT_EQ(is_valid_received(static_cast<std::uint16_t>(code)), expected(code)) << code;
    EXPECT_EQ(is_valid_to_send(static_cast<std::uint16_t>(code)), expected(code)) << code;
  }
}

}  // namespace
}  // namespace orrery::websocket
