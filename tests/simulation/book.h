// The Book is the oracle: it writes down what sessions and clients do, and knows what may, and
// must, come of it. Whatever contradicts it is a fault in the transcript.
//
// Owner   the story; handlers and clients hold it by reference, and it outlives the server.
// Thread  one.
// Why     it never looks into the server: it believes only what a gear, or a client, can see.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "act.h"
#include "base/clock.h"
#include "histories.h"
#include "orrery/orrery.h"
#include "rate.h"
#include "transcript.h"

namespace orrery::simulation {

/// Where a message came from, and its number there: "s3.17" is the 17th of session 3. Sources: s
/// (session), d (a session's worker, by address), x (the program), t (a timer; in no order), c
/// (client), e (what a session sends its own client).
struct Id {
  std::string source;
  std::uint64_t number = 0;
};
[[nodiscard]] Id id_of(std::string_view text);

/// A message that has to come, unless its receiver ends or leaves the group.
struct Owed {
  Id id;
  std::string group;  // empty: sent to it alone
};

struct Record {
  Number number = 0;
  Kind kind = Kind::plain;
  PoolNumber pool = 0;
  std::set<int> answers{};  // that its handshake may get
  int status = 0;           // that it got
  int admissions = 0;       // coroutines of its admission that live
  Time admission_began{};   // the first of them
  Address address{};
  int handlers = 0;                         // alive
  bool opened = false;                      // on_open was called
  bool closed = false;                      // on_close was called
  bool said_close = false;                  // it asked for its end
  std::optional<CloseCause::Kind> cause{};  // that it must hear then
  bool ended = false;                       // its coroutine was told that there is nothing more
  bool client_told = false;                 // its client has seen the close frame
  bool client_gone = false;                 // or has gone without
  bool client_stalls = false;               // or does not read
  bool shut = false;                        // somebody else has asked for its end
  bool evicted = false;                     // its pool was closed
  int breaks_with = 0;                      // an operation of its stream fails, with this errno
  bool broken = false;                      // its connection is no more, and both ends know
  std::uint16_t code = 0;                   // of the close frame
  std::string reason{};
  bool paused = false;
  bool read_always = true;  // never paused, nor suspended, nor on a worker
  Time last_said{};         // by its client, bytes of any sort
  bool in_callback = false;
  bool suspended = false;  // its coroutine waits for something else than messages
  bool delays = false;     // it posts to itself later: until then that is in its mailbox
  bool opening = false;    // what it posts to itself comes first
  Rate rate{};
  Standing standing{};
  std::uint64_t said = 0;  // by its client
  std::uint64_t understood = 0;
  std::uint64_t echoed = 0;
  std::uint64_t echo_heard = 0;
  std::map<std::string, std::uint64_t> heard{};  // by source
  std::vector<Owed> owed{};
  std::deque<std::string> first{};  // what it sent itself in on_open
  std::set<std::string> early{};    // what it published in on_open to a group of its own
  std::set<std::string> groups{};
  std::set<std::string> leaving{};                 // asked for on a worker, not in effect yet
  std::map<std::string, std::set<Number>> sees{};  // by group it tracks
  std::set<std::string> names{};                   // that it was told it holds
  std::map<std::string, int> asked{};              // claims without an answer
  std::set<std::string> losing{};                  // that went to another: it is about to be told
  std::set<std::string> doubtful{};  // names of which answers have crossed with a release

  /// Whether what it believes about a name is true.
  [[nodiscard]] bool knows(const std::string& name) const {
    return !losing.contains(name) && !doubtful.contains(name) && !replaces(kind);
  }
  [[nodiscard]] bool lives() const { return opened && !closed; }
  /// Whether it is sure that nobody has asked for its end.
  [[nodiscard]] bool stays() const {
    return lives() && !client_told && !client_gone && !client_stalls && !shut && !said_close;
  }
};

class Book {
 public:
  Book(Transcript& transcript, const Clock& clock)
      : lines(transcript), histories(transcript), clock_(clock) {}

  Transcript& lines;
  Histories histories;

  [[nodiscard]] Record& record(Number number) { return records_.at(number); }
  [[nodiscard]] std::map<Number, Record>& records() { return records_; }
  Record& begin(Number number, Kind kind, PoolNumber pool);

  /// What a message asks its receiver to do.
  void ask(std::string_view id, Script script) { scripts_[std::string(id)] = std::move(script); }
  [[nodiscard]] Script asked_by(std::string_view id) const;

  // Admissions that wait.
  void asks(Record& record);
  void asks_on(const Record& record);

  // Handlers.
  void made(Number number);
  void unmade(Number number);
  void enters(Record& record, const char* callback);
  void leaves(Record& record);
  void opens(Record& record, Address address);
  void hears_client(Record& record, std::string_view text);
  void comes_after_its_own(const Record& record, std::string_view what);
  void hears_server(Record& record, const ServerMessage& message);
  void sees(Record& record, const Presence& presence);
  void named(Record& record, const std::string& name, const NameAnswer& answer);
  void loses_name(Record& record, std::string_view name);
  void dropped(Record& record, const Dropped& dropped);
  void closes(Record& record, const CloseCause& cause);

  // What they do.
  [[nodiscard]] std::string next_id(const std::string& source);
  void sent(const std::string& id, Record& to, Posted answer);
  void published(const std::string& id, PoolNumber pool, const std::string& group, Number except);
  /// It may come to members, or not: who publishes it can't know when.
  void may_come(const std::string& id, PoolNumber pool, const std::string& group);
  void joined(Record& record, const std::string& group);
  void joined(Record& record, const std::string& group, const Position& since,
              const Recovery& recovery);
  void left(Record& record, const std::string& group);
  void asks_for_name(Record& record, const std::string& name) { ++record.asked[name]; }
  void released(Record& record, const std::string& name, NameReleased answer);
  void sent_to_name(const std::string& id, PoolNumber pool, const std::string& name,
                    NamePosted answer);
  void asks_to_close(Record& record, CloseCause::Kind cause);

  // Pools.
  void closes_pool(PoolNumber pool);
  void opens_pool(PoolNumber pool) { closed_pools_.erase(pool); }
  [[nodiscard]] bool is_closed(PoolNumber pool) const { return closed_pools_.contains(pool); }

  // Clients.
  void client_answered(Record& record, int status);
  void client_hears(Record& record, std::string_view text);
  void client_told(Record& record, std::uint16_t code, std::string_view reason);
  void client_gone(Record& record) { record.client_gone = true; }
  void client_unanswered(const Record& record);

  /// When nothing moves any more: whoever can hear has heard everything.
  void check_rest(Time now, milliseconds idle);
  /// No admission takes longer than it may.
  void check_patience(milliseconds allowed);
  /// When nobody is left.
  void check_end();
  [[nodiscard]] std::size_t handlers(PoolNumber pool) const;
  /// Whether somebody has something in this pool, or may have.
  [[nodiscard]] bool is_empty(PoolNumber pool) const;
  [[nodiscard]] bool anybody_busy() const;
  [[nodiscard]] std::set<std::string> names_held(PoolNumber pool) const;

 private:
  struct Published {
    PoolNumber pool;
    std::string group;
    Number except;
  };

  /// The id of what a session, or its client, hears.
  std::string_view read(const Record& record, std::string_view text);
  void check_order(Record& record, const Id& id, std::string_view text);
  void check_names(const Record& record, std::map<std::string, Number>& holders);
  void check_cause(const Record& record, const CloseCause& cause);
  void claims_are_left(const Record& record);
  void check_heard(const Record& record);
  void check_view(const Record& record);
  void check_idle(const Record& record, Time now, milliseconds idle);
  void hears(Record& record, const Id& id, std::string_view text, std::string_view group);

  std::map<Number, Record> records_{};
  std::map<std::string, Script> scripts_{};
  std::map<std::string, std::uint64_t> numbers_{};  // given out, by source
  std::map<std::string, Published> published_{};    // by id
  std::set<PoolNumber> closed_pools_{};
  const Clock& clock_;
};

}  // namespace orrery::simulation
