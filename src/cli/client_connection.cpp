#include "cli/client_connection.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "cli/dialer.h"
#include "net/tls_stream.h"

namespace orrery::cli {
namespace {

// The words of OpenSSL, and what helps.
std::string tls_trouble(const net::Stream& stream) {
  const auto* tls = dynamic_cast<const net::TlsStream*>(&stream);
  if (!tls || tls->last_error().empty()) return {};
  const bool unknown = tls->last_error().find("certificate") != std::string::npos;
  return fmt::format("TLS failed: {}{}", tls->last_error(),
                     unknown ? "; --ca FILE trusts the certificates in that file, --insecure any"
                             : "; does the server speak TLS there (wss), or plain (ws)?");
}

}  // namespace

void ClientConnection::open(std::unique_ptr<net::Stream> stream, const OpeningPlan& plan,
                            Random& random) {
  stream_ = std::move(stream);
  opening_ = std::make_unique<Opening>(plan, random);
  unsent_.append(opening_->request());
  stream_->start(*this);
  on_writable();
}

void ClientConnection::write(std::string_view bytes) {
  if (ended_ || bytes.empty()) return;
  std::size_t taken = 0;
  if (unsent_.empty()) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};  // iovec knows no const
    taken = stream_->write({&piece, 1}).bytes;
  }
  if (taken < bytes.size()) unsent_.append(bytes.substr(taken));
}

void ClientConnection::finish_writing() {
  finishing_ = true;
  if (!ended_ && unsent_.empty()) stream_->finish_writing();
}

void ClientConnection::abort() {
  if (!std::exchange(ended_, true) && stream_) stream_->abort();
}

void ClientConnection::on_bytes(std::span<char> bytes) {
  if (opening_) answered(opening_->next(bytes));
  if (!opening_ && !ended_ && !bytes.empty()) events_.on_frames(bytes);
}

void ClientConnection::answered(const Opening::Event& event) {
  if (const auto* agreed = std::get_if<websocket::Agreed>(&event)) {
    opening_.reset();
    events_.on_opened(*agreed);
  } else if (const auto* refused = std::get_if<Refused>(&event)) {
    end({.refused = *refused, .text = told(*refused)});
  } else if (const auto* bad = std::get_if<BadAnswer>(&event)) {
    end({.text = bad->text});
  }
}

void ClientConnection::on_writable() {
  if (ended_ || unsent_.empty()) return;
  const std::string_view front = unsent_.front();
  const iovec piece{const_cast<char*>(front.data()), front.size()};  // iovec knows no const
  unsent_.consume(stream_->write({&piece, 1}).bytes);
  if (!unsent_.empty()) return;
  if (finishing_) stream_->finish_writing();
  if (!opening_) events_.on_room();
}

void ClientConnection::on_end(int error) {
  if (ended_) return;
  if (opening_ && error == 0) {
    answered(opening_->finish());
    if (ended_) return;
  }
  const std::string tls = tls_trouble(*stream_);
  end({.error = error, .text = tls.empty() ? why_lost(error) : tls});
}

void ClientConnection::end(Ending ending) {
  if (std::exchange(ended_, true)) return;
  ending.opened = opening_ == nullptr;
  stream_->abort();
  events_.on_ended(ending);
}

}  // namespace orrery::cli
