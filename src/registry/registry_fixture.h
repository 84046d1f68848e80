// The language of the registry's tests: people on loops that turn when they are told to.
//
// Owner   the test.
// Thread  one, unless a test gives each loop its own; then people are the loop's.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "actor/mailbox.h"
#include "base/clock.h"
#include "base/random.h"
#include "registry/registry.h"

namespace orrery::registry {

using Transcript = std::vector<std::string>;

/// A session without a socket; it writes down what comes to it.
struct Person {
  std::string name;
  std::shared_ptr<actor::Mailbox> mailbox;
  Transcript heard{};
  std::vector<Position> positions{};
  Function<void()> when_told{};

  [[nodiscard]] Address address() const { return Address(mailbox); }
};

/// A loop's share of a server, as the registry sees it.
class FakeLoop final : public actor::Receiver, public Fanout {
 public:
  explicit FakeLoop(std::size_t number)
      : inbox(std::make_shared<net::Inbox>(nullptr)),
        door(std::make_shared<actor::Door>(inbox, number, *this)) {}
  ~FakeLoop() { inbox->close(); }

  Person& person(std::string name, actor::MailboxLimits limits = {}) {
    const SlotId slot{static_cast<std::uint32_t>(people_.size()), 0};
    people_.push_back({std::move(name), std::make_shared<actor::Mailbox>(door, slot, limits)});
    return people_.back();
  }
  void turn() {
    while (inbox->drain(1000) > 0) continue;
  }

  void receive(std::unique_ptr<actor::Letter> letter) override {
    Person& who = people_[letter->to().slot];
    std::visit([&](const auto& content) { told(who, content); }, letter->content());
  }
  void close(SlotId session, const CloseCause& cause) override {
    people_[session.slot].heard.push_back("close " + std::to_string(cause.code) + " " +
                                          std::string(cause.reason));
  }
  bool deliver(Delivery& delivery) override {
    ++deliveries;
    const Publication& publication = delivery.publication();
    for (std::size_t given = 0; given < members_per_turn; ++given) {
      const auto member = delivery.next();
      if (!member) return true;
      Person& who = people_[member->slot];
      who.positions.push_back(publication.position());
      told(who, publication.group().name() + ": " + std::string(publication.payload().view()));
    }
    return false;
  }

  const std::shared_ptr<net::Inbox> inbox;
  const std::shared_ptr<actor::Door> door;
  std::size_t deliveries = 0;
  std::size_t members_per_turn = 1000;

 private:
  static void told(Person& who, std::string what) {
    who.heard.push_back(std::move(what));
    if (who.when_told) who.when_told();
  }
  static void told(Person& who, const actor::TextLetter& letter) {
    told(who, std::string(letter.payload.view()));
  }
  static void told(Person& who, const actor::PresenceLetter& letter) {
    const bool joined = letter.kind == Presence::Kind::joined;
    told(who, letter.group + (joined ? " + " : " - ") + letter.metadata);
  }
  static void told(Person& who, const actor::NameLostLetter& letter) {
    told(who, "lost " + letter.name);
  }

  std::deque<Person> people_;
};

/// One node without a cluster.
struct World {
  explicit World(std::size_t number_of_loops = 1, RegistryLimits limits = {})
      : registry(Registry::alone(clock, random, limits)), pool(registry->scope("gear:chat")) {
    for (std::size_t i = 0; i < number_of_loops; ++i) {
      loops.push_back(std::make_unique<FakeLoop>(i));
      registry->add_loop(loops.back()->door, *loops.back());
    }
  }
  void turn() {
    for (const auto& loop : loops) loop->turn();
  }
  Person& person(std::string name, std::size_t loop = 0, actor::MailboxLimits limits = {}) {
    return loops[loop]->person(std::move(name), limits);
  }
  std::size_t says(std::string_view group, std::string text, const Address& except = {}) {
    return pool.publish(group, MessageType::text, SharedBytes(std::move(text)), except);
  }

  ManualClock clock;
  SeededRandom random{1};
  std::shared_ptr<Registry> registry;
  Scope& pool;
  std::vector<std::unique_ptr<FakeLoop>> loops;
};

inline std::string name_of(NameAnswer::Kind kind) {
  switch (kind) {
    case NameAnswer::Kind::registered: return "registered";
    case NameAnswer::Kind::taken: return "taken";
    case NameAnswer::Kind::unavailable: break;
  }
  return "unavailable";
}

/// Claims, and writes the answer down where it comes: "nick: registered".
inline void claim(Scope& pool, Person& who, const std::string& name,
                  Conflict conflict = Conflict::refuse) {
  pool.names().claim(name, who.address(), conflict, [&who, name](const NameAnswer& answer) {
    who.heard.push_back(name + ": " + name_of(answer.kind) +
                        (answer.holder.empty() ? "" : " on " + answer.holder));
  });
}

}  // namespace orrery::registry
