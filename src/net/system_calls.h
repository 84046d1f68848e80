// The system calls that every message makes, without the C library's wrappers.
//
// Thread  any.
// Errors  as theirs: -1, and errno.
// Why     with threads the wrappers are cancellation points, which until glibc 2.41 costs two
// locked
//         instructions around each call; nobody cancels a thread here. Sanitizers know only the
//         wrappers (and so would a library that is preloaded to replace them).
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <span>
#include <string_view>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ORRERY_WRAPPED_CALLS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define ORRERY_WRAPPED_CALLS
#endif
#endif

namespace orrery::net {

#ifdef ORRERY_WRAPPED_CALLS

inline ssize_t call_recv(int socket, std::span<char> into) {
  return ::recv(socket, into.data(), into.size(), 0);
}
inline ssize_t call_send(int socket, std::string_view bytes, int flags) {
  return ::send(socket, bytes.data(), bytes.size(), flags);
}
inline ssize_t call_sendmsg(int socket, const msghdr& message, int flags) {
  return ::sendmsg(socket, &message, flags);
}

#else

inline ssize_t call_recv(int socket, std::span<char> into) {
  return ::syscall(SYS_recvfrom, socket, into.data(), into.size(), 0, nullptr, nullptr);
}
inline ssize_t call_send(int socket, std::string_view bytes, int flags) {
  return ::syscall(SYS_sendto, socket, bytes.data(), bytes.size(), flags, nullptr, 0);
}
inline ssize_t call_sendmsg(int socket, const msghdr& message, int flags) {
  return ::syscall(SYS_sendmsg, socket, &message, flags);
}

#endif
#undef ORRERY_WRAPPED_CALLS

}  // namespace orrery::net
