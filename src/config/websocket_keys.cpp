// What server.protocols.websocket accepts. The first nine keys are Kuzzle's, with its meanings.
#include "config/forms.h"
#include "config/tree.h"

namespace orrery::config {
namespace {

constexpr std::uint64_t year = 365ull * 24 * 3'600'000;
constexpr std::uint64_t day = 24ull * 3'600'000;
constexpr std::uint64_t gibibyte = 1ull << 30;

Keys kuzzle_keys(Websocket& w) {
  return {
      {"enabled", Flag{&w.enabled},
       "Whether WebSocket routes are served. If not, they answer 404."},
      {"idleTimeout", Duration{&w.idle_timeout, {1'000, year, Zero::also_allowed}},
       "How long a client may be silent before its session is closed with 1000. Any byte received "
       "starts it again, and so does the client's answer to the PING that goes out before the end "
       "(see sendPingsAutomatically). 0: never."},
      {"heartbeat", Duration{&w.heartbeat, {0, year}},
       "Deprecated, as in Kuzzle: the time between PINGs to every client, whatever it sends. A "
       "client that has not answered by the next one is closed with 1000 \"ping timeout\". 0: no "
       "such PINGs; idleTimeout notices dead clients at less cost."},
      {"compression", Flag{&w.compression},
       "Whether permessage-deflate (RFC 7692) is agreed on with clients that offer it."},
      {"rateLimit", Count{&w.rate_limit, {0, 1'000'000}},
       "Messages per second that one session may send. rateLimitPolicy says what happens to more. "
       "0: any number."},
      {"realtimeNotifications", Flag{&w.realtime_notifications},
       "Whether clients are sent messages about their own connection, such as TokenExpired. Every "
       "gear is handed it (Router::settings()); none of this release has such messages.",
       Acts::later},
      {"sendPingsAutomatically", Flag{&w.send_pings_automatically},
       "Whether a PING goes out before idleTimeout ends, so that a client that lives stays. If "
       "not, a client that is silent for idleTimeout is closed, alive or not."},
      {"resetIdleTimeoutOnSend", Flag{&w.reset_idle_timeout_on_send},
       "Whether sending starts idleTimeout again, too. It then depends on the kernel's time-outs "
       "when a dead client is noticed."},
  };
}

Keys message_keys(Websocket& w) {
  return {
      {"origins", TextList{&w.origins, origin},
       "The pages that may open a WebSocket here, by their Origin header; others get 403. "
       "\"same-origin\": pages of this very host. Clients that are not browsers send no Origin and "
       "pass."},
      {"maxMessageSize", Size{&w.max_message_size, {1, 4 * gibibyte}},
       "The largest message of a client, reassembled and decompressed; more is closed with 1009. "
       "Where only server.maxRequestSize is set, that counts here too."},
      {"maxFragments", Count{&w.max_fragments, {0, 100'000'000}},
       "Fragments that one message may come in; more is closed with 1009. 0: any number, as long "
       "as what they cost stays below twice their payload."},
      {"messageTimeout", Duration{&w.message_timeout, {1, day}},
       "The time from the first byte of a message to its last; more is closed with 1008."},
      {"rateLimitPolicy", choice(w.rate_limit_policy, {"close", "drop"}),
       "What happens to messages beyond rateLimit: the session is closed with 1008, or they are "
       "dropped and counted."},
      {"maxQueuedBytes", Size{&w.max_queued_bytes, {1'024, 4 * gibibyte}},
       "Bytes that may wait for one client that reads slowly. overflow says what happens then."},
      {"overflow", choice(w.overflow, {"close", "drop_newest", "drop_oldest", "latest_per_key"}),
       "What happens beyond maxQueuedBytes: the session is closed with 1008 \"slow consumer\"; the "
       "new message is dropped; the oldest ones are; or the waiting message with the same key "
       "is replaced, and one without a key closes the session. What is dropped is counted."},
      {"writeTimeout", Duration{&w.write_timeout, {1, day}},
       "How long a client may take nothing of what waits for it before it is closed with 1008."},
  };
}

Keys mailbox_keys(Websocket& w) {
  return {
      {"mailboxCount", Count{&w.mailbox_count, {1, 100'000'000}},
       "Server messages that may wait for one session."},
      {"mailboxBytes", Size{&w.mailbox_bytes, {1'024, 4 * gibibyte}},
       "Bytes of server messages that may wait for one session."},
      {"mailboxOverflow", choice(w.mailbox_overflow, {"drop_newest", "close"}),
       "What happens beyond mailboxCount and mailboxBytes: the new message is dropped and its "
       "sender told, or the session is closed."},
      {"maxSessionsPerIp", Count{&w.max_sessions_per_ip, {0, 100'000'000}},
       "Sessions that one address may have; more get 503. 0: any number."},
  };
}

Keys handshake_keys(Websocket& w) {
  return {
      {"handshakeTimeout", Duration{&w.handshake_timeout, {1, day}},
       "The time from accepting a connection, or from the end of its PROXY header (see "
       "server.proxyTimeout), to the end of its request's head, TLS included; more gets 408."},
      {"admissionTimeout", Duration{&w.admission_timeout, {1, day}},
       "The time that a gear may take to admit a client; more gets 503."},
      {"closeTimeout", Duration{&w.close_timeout, {1, day}},
       "How long the answer to our close frame is waited for."},
  };
}

Keys compression_keys(Websocket& w) {
  return {{"compressionMode", choice(w.compression_mode, {"shared", "dedicated"}),
           "One compressor per loop, whose memory does not grow with the sessions, or one per "
           "session, which compresses better."},
          {"compressionThreshold", Size{&w.compression_threshold, {0, gibibyte}},
           "Messages below it are sent plain."},
          {"compressionWindowBits", Count{&w.compression_window_bits, {9, 15}},
           "Dedicated mode: the window is 2 to this power, of both sides where the client can "
           "obey."},
          {"compressionMemoryLevel", Count{&w.compression_memory_level, {1, 9}},
           "Dedicated mode: how much memory the compressor uses, as zlib counts it."},
          {"compressionExcept", TextList{&w.compression_except, any_text},
           "Clients whose User-Agent contains one of these texts are not offered compression."}};
}

}  // namespace

Keys keys_of(Websocket& websocket) {
  Keys keys = join(kuzzle_keys(websocket), message_keys(websocket));
  keys = join(std::move(keys), mailbox_keys(websocket));
  keys = join(std::move(keys), handshake_keys(websocket));
  return join(std::move(keys), compression_keys(websocket));
}

}  // namespace orrery::config
