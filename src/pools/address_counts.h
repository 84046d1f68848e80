// AddressCounts knows how many sessions each remote address has on the node.
//
// Owner   the server; it outlives every ticket.
// Thread  any.
// Limit   Limits::sessions_per_ip, given with each try_enter(); 0, no limit, counts nothing. What
//         it remembers is at most one entry per ticket.
// Why     a mutex per shard, and ordered maps: nobody can choose addresses that make it slow.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "pools/permit.h"

namespace orrery::pools {

/// Network order; an IPv4 address is mapped into IPv6.
struct RemoteAddress {
  std::array<unsigned char, 16> bytes{};

  [[nodiscard]] static RemoteAddress ipv4(const unsigned char* four_bytes);
  [[nodiscard]] static RemoteAddress ipv6(const unsigned char* sixteen_bytes);
  /// "192.0.2.7" or "2001:db8::1"; nothing for what is neither.
  [[nodiscard]] static std::optional<RemoteAddress> parse(const std::string& text);
  auto operator<=>(const RemoteAddress&) const = default;
};

class AddressCount;
struct AddressShard;
/// One session of an address; empty where nothing is counted.
using AddressTicket = PermitOf<AddressCount>;

/// The sessions of one address.
class AddressCount {
 public:
  AddressCount(AddressShard& shard, const RemoteAddress& address)
      : shard_(shard), address_(address) {}
  AddressCount(const AddressCount&) = delete;
  AddressCount& operator=(const AddressCount&) = delete;

 private:
  friend AddressTicket;
  friend class AddressCounts;
  void take_back() noexcept;
  [[nodiscard]] AddressTicket one_more();

  AddressShard& shard_;
  const RemoteAddress address_;
  std::size_t sessions_ = 0;  // under the shard's mutex
};

class AddressCounts {
 public:
  AddressCounts();
  AddressCounts(const AddressCounts&) = delete;
  AddressCounts& operator=(const AddressCounts&) = delete;
  /// Every ticket has been given back.
  ~AddressCounts();

  /// Nothing: `limit` sessions of this address have tickets already. Those that came while the
  /// limit was 0 have none.
  [[nodiscard]] std::optional<AddressTicket> try_enter(const RemoteAddress& address,
                                                       std::size_t limit);
  [[nodiscard]] std::size_t sessions_of(const RemoteAddress& address) const;
  /// Addresses with tickets.
  [[nodiscard]] std::size_t addresses() const;

 private:
  static constexpr std::size_t shard_count = 64;

  [[nodiscard]] AddressShard& shard_of(const RemoteAddress& address) const;

  const std::unique_ptr<AddressShard[]> shards_;
};

}  // namespace orrery::pools
