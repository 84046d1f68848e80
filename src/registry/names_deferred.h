// What Names found out under a lock, and does when it holds none: answers, and questions to the
// store.
//
// Owner   a local variable that is declared before the lock, so that it runs after it.
// Thread  one.
#pragma once

#include <utility>
#include <vector>

#include "registry/names.h"

namespace orrery::registry {

struct Names::Deferred {
  Deferred() = default;
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
  ~Deferred() {
    for (auto& step : steps) step();
  }

  void answer(Answered& done, NameAnswer::Kind kind, std::string holder = {}) {
    if (!done) return;
    steps.emplace_back([done = std::exchange(done, {}),
                        answer = NameAnswer{kind, std::move(holder)}]() mutable { done(answer); });
  }

  std::vector<Function<void()>> steps{};
};

}  // namespace orrery::registry
