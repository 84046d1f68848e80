#include "pools/pool_table.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace orrery::pools {

namespace {

constexpr std::string_view of_gear = "gear:";
constexpr std::string_view of_tenant = "tenant:";

bool is_own_pool(std::string_view name, std::string_view gear) {
  return !gear.empty() && name.starts_with(of_gear) && name.substr(of_gear.size()) == gear;
}

}  // namespace

bool is_pool_name(std::string_view name) {
  return (name.starts_with(of_gear) && name.size() > of_gear.size()) ||
         (name.starts_with(of_tenant) && name.size() > of_tenant.size());
}

PoolTable::PoolTable(const std::map<std::string, PoolLimits>& configured,
                     WorkersFactory make_workers, const PoolLimits& defaults)
    : make_workers_(std::move(make_workers)), defaults_(defaults) {
  for (const auto& [name, limits] : configured)
    if (is_pool_name(name)) make(name, limits);
}

Pool* PoolTable::find(std::string_view name, std::string_view gear) {
  const bool own = is_own_pool(name, gear);
  {
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(name);
    if (found != entries_.end()) return found->second.open_for(own, gear);
  }
  if (!own) return nullptr;
  const std::unique_lock lock(mutex_);
  const auto found = entries_.find(name);  // somebody may have been quicker
  return found != entries_.end() ? found->second.open_for(own, gear)
                                 : make(name, defaults_).pool.get();
}

Pool* PoolTable::find_any(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.pool.get();
}

Pool* PoolTable::set(std::string_view name, const PoolLimits& limits) {
  if (!is_pool_name(name)) return nullptr;
  Pool* pool = nullptr;
  {
    const std::unique_lock lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return make(name, limits).pool.get();
    found->second.gears = limits.gears;
    pool = found->second.pool.get();
  }
  pool->set_limits(limits);  // without the lock: it may tell who waits for workers
  pool->sessions_.reopen();
  return pool;
}

Pool* PoolTable::close(std::string_view name) {
  const std::unique_lock lock(mutex_);
  const auto found = entries_.find(name);
  Pool* pool = nullptr;
  if (found != entries_.end())
    pool = found->second.pool.get();
  else if (is_pool_name(name) && name.starts_with(of_gear))
    pool = make(name, defaults_).pool.get();
  if (pool) pool->sessions_.close();
  return pool;
}

std::vector<Pool*> PoolTable::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<Pool*> pools;
  pools.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) pools.push_back(entry.pool.get());
  return pools;
}

void PoolTable::stop() {
  {
    const std::unique_lock lock(mutex_);
    stopped_ = true;
  }
  for (Pool* pool : all()) pool->workers().stop();  // without the lock: a job may be looking here
}

PoolTable::Entry& PoolTable::make(std::string_view name, const PoolLimits& limits) {
  auto pool = std::make_unique<Pool>(std::string(name), entries_.size(), limits, make_workers_);
  if (stopped_) pool->workers().stop();
  return entries_.try_emplace(std::string(name), Entry{std::move(pool), limits.gears})
      .first->second;
}

Pool* PoolTable::Entry::open_for(bool own, std::string_view gear) const {
  const bool allowed = own || (pool->name().starts_with(of_tenant) &&
                               std::find(gears.begin(), gears.end(), gear) != gears.end());
  return allowed && !pool->closed() ? pool.get() : nullptr;
}

}  // namespace orrery::pools
