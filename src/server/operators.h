// What operators ask of a server's sessions, from threads that are not theirs: each call puts its
// question to the loops and waits for their answers.
//
// Thread  any; on a loop of this server only that loop answers.
// Limit   a quarter of a second for an answer; a loop looks at 1,024 of its sessions in a turn.
// Why     a list of a hundred thousand sessions must not hold the loops that they live on.
#pragma once

#include <memory>
#include <string_view>

#include "orrery/orrery.h"

namespace orrery::server {

struct Node;

/// See Server::sessions().
[[nodiscard]] SessionList list_sessions(const Node& node, const SessionQuery& query);
/// See Server::kick().
Asked kick(const Node& node, std::string_view id, std::string_view asked_by,
           std::string_view reason);
/// See Server::tap().
Asked tap(const Node& node, std::string_view id, std::weak_ptr<FrameTap> tap,
          std::string_view asked_by);

}  // namespace orrery::server
