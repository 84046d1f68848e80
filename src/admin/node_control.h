// What a node tells its operator about itself, and lets be done to it: functions that main() hands
// in.
//
// Owner   whoever mounts the gear, until the admin server has ended.
// Thread  called on the admin server's loop. All return soon: they may hold up the next probe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "admin/answers.h"
#include "orrery/orrery.h"

namespace orrery::admin {

struct NodeControl {
  std::function<ServerStatus()> status;
  std::function<std::string()> metrics;
  std::function<void()> drain;
  std::function<Response()> reload;
  /// See Server::sessions(), kick() and tap().
  std::function<SessionList(const SessionQuery&)> sessions;
  std::function<Asked(std::string_view id, std::string_view asked_by)> kick;
  std::function<Asked(std::string_view id, std::weak_ptr<FrameTap>, std::string_view asked_by)> tap;
};

}  // namespace orrery::admin
