// An EventfdWaker wakes a poller that watches its descriptor, edge-triggered.
//
// Owner   the poller and whoever may wake it, together.
// Thread  wake() from any.
// Why     each write is an edge of its own, so nobody needs to read the counter.
#pragma once

#include <memory>

#include "net/descriptors.h"
#include "net/poller.h"

namespace orrery::net {

class EventfdWaker final : public Waker {
 public:
  static Result<std::shared_ptr<EventfdWaker>> create();
  explicit EventfdWaker(Descriptor eventfd) : eventfd_(std::move(eventfd)) {}

  [[nodiscard]] int fd() const { return eventfd_.get(); }
  void wake() override;

 private:
  Descriptor eventfd_;
};

}  // namespace orrery::net
