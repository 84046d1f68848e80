#include "admin/answers.h"

#include <boost/json.hpp>

#include "admin/problems.h"

namespace orrery::admin {
namespace {

namespace json = boost::json;

json::value list(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::array problem_list(const ServerStatus& status, Moment now) {
  json::array problems;
  for (const auto& [key, level, text] : problems_of(status, now))
    problems.push_back(json::object{{"key", key},
                                    {"level", level == Problem::Level::error ? "error" : "warning"},
                                    {"text", text}});
  return problems;
}

json::object status_object(const ServerStatus& status, const NodeFacts& facts, Moment now) {
  const json::object node{{"name", facts.name},
                          {"ready", status.ready},
                          {"draining", status.draining},
                          {"sessions", status.sessions}};
  return {{"ready", status.ready},       {"draining", status.draining},
          {"sessions", status.sessions}, {"loops", status.loops},
          {"version", facts.version},    {"problems", problem_list(status, now)},
          {"nodes", json::array{node}}};
}

json::object session_object(const SessionInfo& session) {
  return {{"id", session.id},
          {"gear", session.gear},
          {"pool", session.pool},
          {"route", session.route},
          {"target", session.target},
          {"remote_address", session.remote_address},
          {"remote_port", session.remote_port},
          {"subprotocol", session.subprotocol},
          {"names", list(session.names)},
          {"groups", list(session.groups)},
          {"age_ms", session.age.count()},
          {"silent_ms", session.silent.count()},
          {"messages_in", session.messages_in},
          {"messages_out", session.messages_out},
          {"bytes_in", session.bytes_in},
          {"bytes_out", session.bytes_out},
          {"queued_bytes", session.queued_bytes}};
}

std::string_view name_of(TappedFrame::Kind kind) {
  using Kind = TappedFrame::Kind;
  switch (kind) {
    case Kind::text: return "text";
    case Kind::binary: return "binary";
    case Kind::close: return "close";
    case Kind::ping: return "ping";
    case Kind::pong: return "pong";
    case Kind::end: break;
  }
  return "end";
}

}  // namespace

std::string status_json(const ServerStatus& status, const NodeFacts& facts, Moment now) {
  return json::serialize(status_object(status, facts, now)) + "\n";
}

std::string sessions_json(const SessionList& list) {
  json::array sessions;
  for (const SessionInfo& session : list.sessions) sessions.push_back(session_object(session));
  return json::serialize(json::object{{"matching", list.matching},
                                      {"complete", list.complete},
                                      {"sessions", std::move(sessions)}}) +
         "\n";
}

std::string closed_json(std::string_view session) {
  return json::serialize(json::object{{"closed", session}}) + "\n";
}

std::string state_json(const ServerStatus& status, const NodeFacts& facts, std::string_view metrics,
                       Moment now) {
  return json::serialize(json::object{
      {"kind", "state"}, {"status", status_object(status, facts, now)}, {"metrics", metrics}});
}

std::string tapped_json(std::string_view session) {
  return json::serialize(json::object{{"kind", "tapped"}, {"id", session}});
}

std::string untapped_json(std::string_view session, std::string_view why, std::uint64_t skipped) {
  return json::serialize(
      json::object{{"kind", "untapped"}, {"id", session}, {"why", why}, {"skipped", skipped}});
}

std::string frame_json(std::string_view session, const TappedFrame& frame, Moment when) {
  const auto since_1970 = std::chrono::duration_cast<milliseconds>(when.time_since_epoch());
  const bool in = frame.direction == TappedFrame::Direction::in;
  return json::serialize(json::object{{"kind", "frame"},
                                      {"id", session},
                                      {"direction", in ? "in" : "out"},
                                      {"type", name_of(frame.kind)},
                                      {"bytes", frame.bytes},
                                      {"shown", frame.shown},
                                      {"cut", frame.cut},
                                      {"skipped", frame.skipped},
                                      {"time_ms", since_1970.count()}});
}

}  // namespace orrery::admin
