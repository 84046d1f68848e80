// The AdminListener is a small server beside the one that it tells about: its clients, loop and
// limits are its own, so that it answers while the other starts, drains or is full.
//
// Owner   serve(); the node that it controls outlives it.
// Thread  one that makes, starts and destroys it.
// Limit   one loop, `most_connections`; at its end callers have `last_words` to take their answer.
#pragma once

#include <string>
#include <vector>

#include "admin/admin_gear.h"
#include "observe/log.h"
#include "orrery/orrery.h"

namespace orrery::app {

class AdminListener {
 public:
  static constexpr std::size_t most_connections = 1'000;
  static constexpr milliseconds last_words{250};

  AdminListener(const std::string& address, const std::string& token, admin::NodeControl node,
                observe::Log& log);
  AdminListener(const AdminListener&) = delete;
  AdminListener& operator=(const AdminListener&) = delete;
  ~AdminListener();

  [[nodiscard]] Result<void> start();
  [[nodiscard]] std::vector<std::string> addresses() const { return server_.addresses(); }

 private:
  admin::AdminGear gear_;
  Server server_;
};

}  // namespace orrery::app
