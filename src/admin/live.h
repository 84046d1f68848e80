// Live is one dashboard that is open: it is told every second how the node is, and shown the frames
// of the session that it taps.
//
// Owner   its session.
// Thread  the session's loop, the admin server's.
// Limit   one tap; the frames that wait for it are bounded by the session's mailbox.
#pragma once

#include <memory>
#include <string>

#include "admin/node_control.h"
#include "orrery/session.h"

namespace orrery::admin {

class Live {
 public:
  Live(const NodeControl& node, const NodeFacts& facts) : node_(node), facts_(facts) {}
  ~Live();

  void on_open(Session& dashboard);
  void on_tick(Session& dashboard);
  /// "tap ID" or "untap".
  void on_message(Session& dashboard, Message message);
  /// From the tap.
  void on_server_message(Session& dashboard, ServerMessage message);

 private:
  class Tap;

  void tell(Session& dashboard);
  void tap(Session& dashboard, std::string_view id);
  void untap(Session& dashboard, std::string_view why);
  void end_if_over(Session& dashboard);

  const NodeControl& node_;
  const NodeFacts& facts_;
  std::shared_ptr<Tap> tap_{};
};

}  // namespace orrery::admin
