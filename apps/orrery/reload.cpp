#include "apps/orrery/reload.h"

#include <fmt/ranges.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "apps/orrery/assemble.h"
#include "apps/orrery/check.h"
#include "config/changes.h"

namespace orrery::app {

ReloadReport Reload::run(std::string_view asked_by) {
  const std::lock_guard lock(mutex_);
  parts_.begins();
  const config::Loaded loaded = looked_through(parts_.read());
  const ReloadReport report = apply(loaded);
  parts_.ends();
  observe::Log& log = parts_.log;
  log_remarks(loaded, log);
  for (const auto& error : report.errors) log.error("reload refused", {{"why", error}});
  if (report.errors.empty())
    log.info("RELOAD", {{"asked_by", asked_by},
                        {"applied", fmt::format("{}", fmt::join(report.applied, ","))}});
  if (!report.needs_restart.empty())
    log.warn("changed keys that need a restart",
             {{"keys", fmt::format("{}", fmt::join(report.needs_restart, ","))}});
  return report;
}

void Reload::read_certificates() {
  const std::lock_guard lock(mutex_);
  if (const auto read = parts_.engine.reload_certificates(); !read)
    parts_.log.error("certificates have changed, but the old ones stay",
                     {{"why", observe::quoted(read.error())}});
}

ReloadReport Reload::apply(const config::Loaded& loaded) {
  ReloadReport report;
  for (const auto& error : loaded.errors) report.errors.push_back(error.text());
  if (!report.errors.empty()) return report;
  const ServerOptions options = server_options(loaded.tree);
  if (const auto taken = parts_.engine.reconfigure(options, server::Engine::Certificates::again);
      !taken)
    return {{taken.error()}, {}, {}};
  parts_.log.set_least(log_options(loaded.tree.log).least);
  parts_.set_drain(loaded.tree.drain);
  report.applied = config::changes(running_, loaded.tree);
  std::erase_if(report.applied, [](const auto& key) { return !config::acts_at_once(key); });
  report.needs_restart = config::changes(started_, loaded.tree);
  std::erase_if(report.needs_restart, config::acts_at_once);
  running_ = loaded.tree;
  return report;
}

std::string as_json(const ReloadReport& report) {
  const auto array = [](const std::vector<std::string>& texts) {
    return boost::json::array(texts.begin(), texts.end());
  };
  return boost::json::serialize(boost::json::object{{"applied", array(report.applied)},
                                                    {"needs_restart", array(report.needs_restart)},
                                                    {"errors", array(report.errors)}}) +
         "\n";
}

}  // namespace orrery::app
