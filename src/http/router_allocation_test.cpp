// Counts what find() allocates. The program's operator new is replaced here, for this test alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "http/router.h"

namespace {
thread_local std::size_t allocations = 0;
}

// g++ 12 does not see that this pair of replacements belongs together.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace orrery::http {
namespace {

TEST(Router, FindingAStaticRouteAllocatesNothing) {
  Router router;
  for (const auto* pattern : {"/echo", "/a/longer/path/than/any/small/string/could/hold", "/:x/y"})
    ASSERT_TRUE(router.add("", pattern).ok());
  ASSERT_TRUE(router.add("*.example.com", "/echo").ok());

  const auto before = allocations;
  const auto first = router.find("Chat.Example.com:443", "/echo");
  const auto second = router.find("h", "/a/longer/path/than/any/small/string/could/hold");
  const auto third = router.find("h", "/a/path/that/is/not/there/at/all/but/is/looked/for");
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(first && second && !third);

  const auto fourth = router.find("h", "/a value that is longer than a small string/y");
  EXPECT_GT(allocations, before) << "the counter counts";
  EXPECT_TRUE(fourth);
}

}  // namespace
}  // namespace orrery::http
