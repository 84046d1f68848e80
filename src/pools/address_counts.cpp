#include "pools/address_counts.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <map>
#include <mutex>

namespace orrery::pools {

struct alignas(64) AddressShard {
  std::mutex mutex;
  std::map<RemoteAddress, AddressCount> counts;
};

RemoteAddress RemoteAddress::ipv4(const unsigned char* four_bytes) {
  RemoteAddress address;
  address.bytes[10] = address.bytes[11] = 0xff;  // ::ffff:0:0/96
  std::copy_n(four_bytes, 4, address.bytes.begin() + 12);
  return address;
}

RemoteAddress RemoteAddress::ipv6(const unsigned char* sixteen_bytes) {
  RemoteAddress address;
  std::copy_n(sixteen_bytes, 16, address.bytes.begin());
  return address;
}

std::optional<RemoteAddress> RemoteAddress::parse(const std::string& text) {
  unsigned char bytes[16];
  if (::inet_pton(AF_INET, text.c_str(), bytes) == 1) return ipv4(bytes);
  if (::inet_pton(AF_INET6, text.c_str(), bytes) == 1) return ipv6(bytes);
  return std::nullopt;
}

AddressTicket AddressCount::one_more() {
  ++sessions_;
  return AddressTicket(*this);
}

void AddressCount::take_back() noexcept {
  AddressShard& shard = shard_;
  const std::lock_guard lock(shard.mutex);
  if (--sessions_ == 0) shard.counts.erase(shard.counts.find(address_));
}

AddressCounts::AddressCounts() : shards_(std::make_unique<AddressShard[]>(shard_count)) {}

AddressCounts::~AddressCounts() {
  assert(addresses() == 0 && "a ticket outlived the counts");
}

std::optional<AddressTicket> AddressCounts::try_enter(const RemoteAddress& address,
                                                      std::size_t limit) {
  if (limit == 0) return AddressTicket();
  AddressShard& shard = shard_of(address);
  const std::lock_guard lock(shard.mutex);
  auto& count = shard.counts.try_emplace(address, shard, address).first->second;
  if (count.sessions_ >= limit) return std::nullopt;
  return count.one_more();
}

std::size_t AddressCounts::sessions_of(const RemoteAddress& address) const {
  AddressShard& shard = shard_of(address);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.counts.find(address);
  return found == shard.counts.end() ? 0 : found->second.sessions_;
}

std::size_t AddressCounts::addresses() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < shard_count; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    sum += shards_[i].counts.size();
  }
  return sum;
}

// FNV-1a, whose high bits mix best.
AddressShard& AddressCounts::shard_of(const RemoteAddress& address) const {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto byte : address.bytes) hash = (hash ^ byte) * 0x100000001b3;
  return shards_[(hash >> 32) % shard_count];
}

}  // namespace orrery::pools
