// The system calls that every message makes, without the C library's wrappers.
//
// Thread  any.
// Errors  as theirs: -1, and errno.
// Why     in a program with threads the wrappers are cancellation points: two locked instructions
//         around each call, and nobody cancels a thread here. Sanitizers know only the wrappers.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <span>
#include <string_view>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ORRERY_WRAPPED_CALLS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ORRERY_WRAPPED_CALLS
#endif
#endif

namespace orrery::net {

#ifdef ORRERY_WRAPPED_CALLS

inline ssize_t receive_from(int socket, std::span<char> into) {
  return ::recv(socket, into.data(), into.size(), 0);
}
inline ssize_t send_to(int socket, std::string_view bytes, int flags) {
  return ::send(socket, bytes.data(), bytes.size(), flags);
}
inline ssize_t send_to(int socket, const msghdr& message, int flags) {
  return ::sendmsg(socket, &message, flags);
}

#else

inline ssize_t receive_from(int socket, std::span<char> into) {
  return ::syscall(SYS_recvfrom, socket, into.data(), into.size(), 0, nullptr, nullptr);
}
inline ssize_t send_to(int socket, std::string_view bytes, int flags) {
  return ::syscall(SYS_sendto, socket, bytes.data(), bytes.size(), flags, nullptr, 0);
}
inline ssize_t send_to(int socket, const msghdr& message, int flags) {
  return ::syscall(SYS_sendmsg, socket, &message, flags);
}

#endif

}  // namespace orrery::net
