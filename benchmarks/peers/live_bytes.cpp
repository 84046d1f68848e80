// Loaded into a server with LD_PRELOAD: how many bytes it has allocated and not freed, the
// allocator's own head of each block included. They are counted in shared memory, which the
// descriptor LIVE_BYTES_FD is.
#include <malloc.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

using Counter = std::atomic<std::int64_t>;

Counter before_it_is_shared{0};
Counter* counter = &before_it_is_shared;

// While there is one thread.
[[gnu::constructor]] void share() {
  const char* descriptor = std::getenv("LIVE_BYTES_FD");
  if (descriptor == nullptr) return;
  void* memory = ::mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED,
                        std::atoi(descriptor), 0);
  if (memory != MAP_FAILED) counter = new (memory) Counter(before_it_is_shared.load());
}

std::int64_t size_of(void* memory) {
  if (memory == nullptr) return 0;
  return static_cast<std::int64_t>(malloc_usable_size(memory) + sizeof(std::size_t));
}

void* counted(void* memory) {
  counter->fetch_add(size_of(memory), std::memory_order_relaxed);
  return memory;
}

}  // namespace

// The C library's own names for what is replaced.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* memory);

void* malloc(std::size_t bytes) noexcept {
  return counted(__libc_malloc(bytes));
}
void* calloc(std::size_t count, std::size_t bytes) noexcept {
  return counted(__libc_calloc(count, bytes));
}
void* realloc(void* memory, std::size_t bytes) noexcept {
  const std::int64_t before = size_of(memory);
  void* moved = __libc_realloc(memory, bytes);
  if (moved != nullptr || bytes == 0) counter->fetch_sub(before, std::memory_order_relaxed);
  return counted(moved);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return counted(__libc_memalign(alignment, bytes));
}
void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return counted(__libc_memalign(alignment, bytes));
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
  *memory = counted(__libc_memalign(alignment, bytes));
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) noexcept {
  counter->fetch_sub(size_of(memory), std::memory_order_relaxed);
  __libc_free(memory);
}
}
