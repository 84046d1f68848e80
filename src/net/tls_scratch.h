// TlsScratch is the working memory that all TLS streams of one loop share, so that none of them
// keeps a buffer of its own.
//
// Owner   the loop's server part, one per loop; it outlives the loop's TLS streams.
// Thread  its loop's: a stream uses it inside one call and leaves nothing in it.
// Limit   fixed: about 290 KiB.
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace orrery::net {

struct TlsScratch {
  static constexpr std::size_t record_bytes = 16 * 1024;  // plaintext in one record (RFC 8446 §5.1)
  static constexpr std::size_t plaintext_bytes = 256 * 1024;

  std::array<char, plaintext_bytes> plaintext;  // decrypted bytes on their way to on_bytes()
  std::array<char, record_bytes> gathered;      // small pieces on their way into one record
  std::string ciphertext;                       // records on their way to the inner stream
};

}  // namespace orrery::net
