// libwebsockets, one thread, as its users write it. What it offers: README.md.
//
// It is given its best: buffers that hold its largest messages, no copies beyond its own, several
// writes per turn, a message of a group framed where it lies.
#include <libwebsockets.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t most_waiting_bytes = 1 << 20;  // then a session is not read

// A payload behind the room that lws_write() wants for the frame's head.
struct Told {
  std::vector<unsigned char> bytes = std::vector<unsigned char>(LWS_PRE);
  lws_write_protocol type = LWS_WRITE_TEXT;

  [[nodiscard]] std::size_t size() const { return bytes.size() - LWS_PRE; }
};

struct Session {
  lws* stream;
  std::set<Session*>* group = nullptr;
  std::shared_ptr<Told> coming{};  // the message of which fragments are here
  std::vector<std::shared_ptr<Told>> waiting{};
  std::size_t waiting_bytes = 0;
  bool paused = false;
};

std::map<std::string, std::set<Session*>> groups;

Session* opened(lws* stream) {
  auto* session = new Session{stream};
  char path[256] = "";
  lws_hdr_copy(stream, path, sizeof path, WSI_TOKEN_GET_URI);
  if (const std::string name = path; name.rfind("/echo/groups/", 0) == 0) {
    session->group = &groups[name];
    session->group->insert(session);
  }
  return session;
}

void closed(Session* session) {
  if (session == nullptr) return;
  if (session->group != nullptr) session->group->erase(session);
  delete session;
}

void tell(Session& session, const std::shared_ptr<Told>& told) {
  session.waiting.push_back(told);
  session.waiting_bytes += told->size();
  if (session.waiting.size() == 1) lws_callback_on_writable(session.stream);
  if (session.group != nullptr || session.waiting_bytes < most_waiting_bytes) return;
  session.paused = true;
  lws_rx_flow_control(session.stream, 0);
}

void heard(Session& session, const unsigned char* bytes, std::size_t size) {
  lws* stream = session.stream;
  if (!session.coming) {
    session.coming = std::make_shared<Told>();
    session.coming->type = lws_frame_is_binary(stream) != 0 ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    session.coming->bytes.reserve(LWS_PRE + size + lws_remaining_packet_payload(stream));
  }
  session.coming->bytes.insert(session.coming->bytes.end(), bytes, bytes + size);
  if (lws_is_final_fragment(stream) == 0) return;
  const auto told = std::move(session.coming);
  session.coming = nullptr;
  if (session.group == nullptr) return tell(session, told);
  for (Session* member : *session.group)
    if (member != &session) tell(*member, told);
}

int write(Session& session) {
  std::size_t written = 0;
  while (written < session.waiting.size() && lws_send_pipe_choked(session.stream) == 0) {
    Told& told = *session.waiting[written++];
    session.waiting_bytes -= told.size();
    if (lws_write(session.stream, told.bytes.data() + LWS_PRE, told.size(), told.type) < 0)
      return -1;
  }
  session.waiting.erase(session.waiting.begin(),
                        session.waiting.begin() + static_cast<std::ptrdiff_t>(written));
  if (!session.waiting.empty()) lws_callback_on_writable(session.stream);
  if (session.paused && session.waiting_bytes < most_waiting_bytes / 2) {
    session.paused = false;
    lws_rx_flow_control(session.stream, 1);
  }
  return 0;
}

int on_event(lws* stream, lws_callback_reasons reason, void* place, void* bytes, std::size_t size) {
  auto** session = static_cast<Session**>(place);
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED: *session = opened(stream); return 0;
    case LWS_CALLBACK_RECEIVE: heard(**session, static_cast<unsigned char*>(bytes), size); return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: return write(**session);
    case LWS_CALLBACK_CLOSED: closed(*session); return 0;
    default: return lws_callback_http_dummy(stream, reason, place, bytes, size);
  }
}

}  // namespace

int main() {
  const lws_protocols protocols[] = {
      {"echo", on_event, sizeof(Session*), read_bytes, 0, nullptr, 0},
      {nullptr, nullptr, 0, 0, 0, nullptr, 0}};
  const lws_extension extensions[] = {
      {"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate"},
      {nullptr, nullptr, nullptr}};
  const char* port = std::getenv("PORT");
  lws_set_log_level(LLL_ERR, nullptr);
  lws_context_creation_info info{};
  info.iface = "127.0.0.1";
  info.port = port != nullptr ? std::atoi(port) : 0;
  info.protocols = protocols;
  info.extensions = extensions;
  info.pt_serv_buf_size = read_bytes;
  info.options = LWS_SERVER_OPTION_VALIDATE_UTF8;
  if (std::getenv("CERTIFICATE") != nullptr) {
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.ssl_cert_filepath = std::getenv("CERTIFICATE");
    info.ssl_private_key_filepath = std::getenv("KEY");
  }
  lws_context* context = lws_create_context(&info);
  if (context == nullptr) return 1;
  while (lws_service(context, 0) >= 0) continue;
  lws_context_destroy(context);
}
