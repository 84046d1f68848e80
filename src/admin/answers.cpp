#include "admin/answers.h"

#include <boost/json.hpp>

namespace orrery::admin {
namespace {

namespace json = boost::json;

json::value list(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object status_object(const ServerStatus& status, const NodeFacts& facts) {
  const json::object node{{"name", facts.name},
                          {"ready", status.ready},
                          {"draining", status.draining},
                          {"sessions", status.sessions}};
  return {{"ready", status.ready}, {"draining", status.draining}, {"sessions", status.sessions},
          {"loops", status.loops}, {"version", facts.version},    {"nodes", json::array{node}}};
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

std::string status_json(const ServerStatus& status, const NodeFacts& facts) {
  return json::serialize(status_object(status, facts)) + "\n";
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

std::string state_json(const ServerStatus& status, const NodeFacts& facts,
                       std::string_view metrics) {
  return json::serialize(json::object{
      {"kind", "state"}, {"status", status_object(status, facts)}, {"metrics", metrics}});
}

std::string tapped_json(std::string_view session) {
  return json::serialize(json::object{{"kind", "tapped"}, {"id", session}});
}

std::string untapped_json(std::string_view session, std::string_view why, std::uint64_t skipped) {
  return json::serialize(
      json::object{{"kind", "untapped"}, {"id", session}, {"why", why}, {"skipped", skipped}});
}

std::string frame_json(std::string_view session, const TappedFrame& frame,
                       std::chrono::system_clock::time_point when) {
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
