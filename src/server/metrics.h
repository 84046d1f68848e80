// What a node tells Prometheus and its operator: the sum over its loops, made when somebody asks.
//
// Thread  any, while the node's loops stand.
#pragma once

#include <string>

#include "observe/metrics.h"
#include "orrery/orrery.h"

namespace orrery::server {

struct Node;

/// Adds all that the node and its pools count.
void add_metrics(const Node& node, observe::MetricValues& values);

/// All but the certificates, which the listeners know.
[[nodiscard]] ServerStatus status_of(const Node& node);

}  // namespace orrery::server
