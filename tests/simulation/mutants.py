"""Faults that the simulation must catch, each planted alone: where, and what instead of what.

Read by tools/mutate, which never touches this tree. What stands there must stand there once; when
somebody changes that line, `tools/mutate --check` says so, and the row here is brought up to date.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    name: str  # what is wrong, in words
    file: str
    old: str
    new: str


MUTANTS = [
    Mutant("a slot is given back twice", "src/pools/permit.h",
           "if (giver_) std::exchange(giver_, nullptr)->take_back();",
           "if (giver_) giver_->take_back(), std::exchange(giver_, nullptr)->take_back();"),
    Mutant("a slot of the slab is reused while its session lives", "src/base/slab.h",
           "    free_.push_back(id.slot);",
           "    free_.push_back(id.slot), free_.push_back(id.slot);"),
    Mutant("the generation is not checked", "src/base/slab.h",
           "return cell.live && cell.generation == id.generation ? cell.object() : nullptr;",
           "return cell.live ? cell.object() : nullptr;"),
    Mutant("messages are delivered after the close", "src/server/session.cpp",
           "void Session::deliver(Message message) {\n  if (state_ != State::open) return;",
           "void Session::deliver(Message message) {\n  if (state_ > State::closing) return;"),
    Mutant("what waits is delivered after the close", "src/server/session_actor.cpp",
           "!waiting_.empty() && session_.is_open() && may_handle",
           "!waiting_.empty() && may_handle"),
    Mutant("frames are sent after the close frame", "src/server/session_out.cpp",
           "SendOptions options) {\n  if (state_ != State::open) "
           "return count_dropped(DropCause::closed);\n  if (has_backlog())",
           "SendOptions options) {\n  if (has_backlog())"),
    Mutant("all clients get the same reconnect hint", "src/server/loop_server.cpp",
           "moment_within(reconnect_spread_).count());", "reconnect_spread_.count() / 2);"),
    Mutant("a session is not told of the drain", "src/server/loop_server.cpp",
           "    if (connection.finishing()) return;\n    if (session) {",
           "    if (connection.finishing() || connection.id().slot % 4 == 1) return;\n"
           "    if (session) {"),
    Mutant("a drain does not end by its deadline", "src/server/engine.cpp",
           "    if (now >= deadline) cut = server->cut_off();\n    if (now < deadline && ",
           "    if ("),
    Mutant("a refusal keeps its permit", "src/server/upgrade.cpp",
           "  if (auto* rejected = std::get_if<Response>(&opening))\n",
           "  if (auto* rejected = std::get_if<Response>(&opening);\n"
           "      rejected && new pools::Permit(std::move(admitting.permit)))\n"),
    Mutant("the pool's limit is one too high", "src/pools/places.cpp",
           "taken_in(word) < limit_in(word)", "taken_in(word) <= limit_in(word)"),
    Mutant("on_close is called twice", "src/server/session_end.cpp",
           "guarded([&] { on_close.call(handler_, *this, cause); });",
           "guarded([&] { on_close.call(handler_, *this, cause); }),\n"
           "        guarded([&] { on_close.call(handler_, *this, cause); });"),
    Mutant("on_close is missed after an error", "src/server/session_end.cpp",
           "on_close = route().operations.on_close; opened_told_ && on_close)",
           "on_close = route().operations.on_close;\n"
           "      opened_told_ && on_close && cause.kind != CloseCause::Kind::handler_error)"),
    Mutant("what a session posts to itself comes after the rest", "src/server/session_actor.cpp",
           "  if (!from_itself) return waiting_.push_back(std::move(letter));\n",
           "  if (from_itself || !from_itself) return waiting_.push_back(std::move(letter));\n"),
    Mutant("a client's message comes before what on_open posted", "src/server/session_actor.cpp",
           "  gate_posted_ = true;\n", "  gate_posted_ = true;\n  opening_ = false;\n"),
    Mutant("a publication overtakes what was sent before it", "src/server/session_actor.cpp",
           "!opening_ && waiting_.empty() && !busy() &&", "!opening_ &&"),
    Mutant("a publisher that is left out gets it too", "src/registry/group.h",
           "    if (except_ == member) return;\n", ""),
    Mutant("a member hears what came before it left", "src/server/session_actor.cpp",
           "    return text->group.empty() || is_in(groups_, text->group);",
           "    return text->group.empty() || is_in(groups_, text->group) || true;"),
    Mutant("a membership is kept after the end", "src/server/actor_registry.cpp",
           "  for (const Joined& joined : groups_) scope().leave(*joined.group, self);\n", ""),
    Mutant("leaving has no effect", "src/server/actor_registry.cpp",
           "  scope().leave(*record, Address(mailbox()));\n", "  (void)record;\n"),
    Mutant("names are kept after the end", "src/server/actor_registry.cpp",
           "  scope().names().release_all(self);\n", ""),
    Mutant("a name has two holders", "src/registry/names.cpp",
           "if (holder_lives && claim.conflict == Conflict::refuse)",
           "if (holder_lives && claim.conflict == Conflict::refuse && name.empty())"),
    Mutant("who loses a name is not told", "src/registry/names.cpp",
           "  if (mailbox->post(actor::NameLostLetter{name}) == Posted::full)\n",
           "  if (!mailbox->alive())\n"),
    Mutant("the mailbox does not get its room back", "src/actor/mailbox.cpp",
           "  bytes_.fetch_sub(bytes, std::memory_order_relaxed);", "  (void)bytes;"),
    Mutant("a worker's calls take effect in reverse", "src/server/session.cpp",
           "  for (const WorkerCall& call : calls) {",
           "  const std::vector<WorkerCall> turned(calls.rbegin(), calls.rend());\n"
           "  for (const WorkerCall& call : turned) {"),
    Mutant("callbacks run while a coroutine is suspended", "src/server/session_actor.cpp",
           "  if (busy()) return false;\n", ""),
    Mutant("a coroutine is left behind", "src/server/actor_coroutine.cpp",
           "  std::exchange(task_, {}).destroy();\n  net::TimerWheel::cancel(sleep_);",
           "  std::exchange(task_, {});\n  net::TimerWheel::cancel(sleep_);"),
    Mutant("a tracked group says nothing of who leaves", "src/registry/group.cpp",
           "  tell_watchers(Presence::Kind::left, who, said);\n", ""),
    Mutant("an idle client is never closed", "src/server/session_time.cpp",
           "  if (now >= last_activity_ + idle) {", "  if (now < last_activity_) {"),
]
