// What a node tells Prometheus: the sum over its loops, made when somebody asks.
//
// Thread  any, while the node's loops stand.
#pragma once

#include <string>

#include "observe/metrics.h"

namespace orrery::server {

struct Node;

/// Adds all that the node and its pools count.
void add_metrics(const Node& node, observe::MetricValues& values);

}  // namespace orrery::server
