#include "net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace orrery::net {
namespace {

// Cuts the pieces of one write into records: large ones where they lie, small ones gathered, so
// that a frame head and its payload share a record.
class RecordPieces {
 public:
  explicit RecordPieces(std::span<const iovec> pieces) : pieces_(pieces) {}

  // The next record's plaintext, at most as long as `gathered`; empty at the end.
  std::string_view next(std::span<char> gathered) {
    std::size_t filled = 0;
    while (filled < gathered.size() && !pieces_.empty()) {
      const std::string_view rest = rest_of_piece();
      if (filled == 0 && rest.size() >= gathered.size()) return take(gathered.size());
      const auto part = take(std::min(rest.size(), gathered.size() - filled));
      if (!part.empty()) std::memcpy(gathered.data() + filled, part.data(), part.size());
      filled += part.size();
    }
    return {gathered.data(), filled};
  }

 private:
  [[nodiscard]] std::string_view rest_of_piece() const {
    const iovec& piece = pieces_.front();
    return {static_cast<const char*>(piece.iov_base) + taken_, piece.iov_len - taken_};
  }
  std::string_view take(std::size_t count) {
    const auto part = rest_of_piece().substr(0, count);
    taken_ += count;
    if (taken_ == pieces_.front().iov_len) {
      pieces_ = pieces_.subspan(1);
      taken_ = 0;
    }
    return part;
  }

  std::span<const iovec> pieces_;
  std::size_t taken_ = 0;  // of the first piece
};

std::size_t bytes_in(std::span<const iovec> pieces) {
  std::size_t sum = 0;
  for (const iovec& piece : pieces) sum += piece.iov_len;
  return sum;
}

}  // namespace

TlsStream::TlsStream(Loop& loop, std::unique_ptr<Stream> inner,
                     std::shared_ptr<const TlsContext> context, TlsScratch& scratch,
                     std::string server_name)
    : loop_(loop),
      inner_(std::move(inner)),
      context_(std::move(context)),
      scratch_(scratch),
      server_name_(std::move(server_name)) {}

TlsStream::~TlsStream() {
  SSL_free(ssl_);
}

void TlsStream::start(StreamEvents& events) {
  events_ = &events;
  inner_->start(*this);
  if (context_->role() == TlsRole::client) loop_.again(*this);  // a client speaks first
}

Written TlsStream::write(std::span<const iovec> pieces) {
  if (broken_ != 0) return {0, broken_};
  if (finishing_) return {0, EPIPE};
  Written written;
  RecordPieces records(pieces);
  while (ready_ && unsent_.empty()) {
    const auto record = records.next(scratch_.gathered);
    if (record.empty()) return written;
    encrypt(record);
    if (broken_ != 0) return {written.bytes, broken_};
    written.bytes += record.size();
  }
  blocked_ = written.bytes < bytes_in(pieces);
  return written;
}

// During the handshake it goes on reading below: only decrypted bytes are held back.
void TlsStream::pause_reading() {
  paused_ = true;
  if (ready_) inner_->pause_reading();
}

// What waits here comes first, in the next turn; then the inner stream reads on.
void TlsStream::resume_reading() {
  paused_ = false;
  if (!ready_ || ended_) return;
  resuming_ = true;
  loop_.again(*this);
}

void TlsStream::finish_writing() {
  if (finishing_ || broken_ != 0) return;
  finishing_ = true;
  if (ready_) {
    ERR_clear_error();
    SSL_shutdown(ssl_);  // close_notify: RFC 8446 §6.1
    flush();
  }
  tell_writable();
}

void TlsStream::abort() {
  ended_ = true;
  blocked_ = false;
  if (broken_ == 0) broken_ = ECONNABORTED;
  input_ = {};
  undecrypted_.clear();
  unsent_.clear();
  inner_->abort();
}

void TlsStream::on_bytes(std::span<char> bytes) {
  if (ended_) return;
  assert(undecrypted_.empty());  // otherwise the inner stream is paused
  input_ = {bytes.data(), bytes.size()};
  advance();
  if (!ended_) undecrypted_.append(input_);
  input_ = {};
}

void TlsStream::on_writable() {
  if (broken_ != 0) return;
  if (!unsent_.empty()) unsent_.consume(write_below(unsent_.front()));
  if (broken_ == 0) return tell_writable();
  unsent_.clear();
  if (ended_) tell_of_trouble();
}

void TlsStream::on_end(int error) {
  if (error != 0) return end(error);
  if (ready_ && (paused_ || resuming_)) {
    inner_ended_ = true;  // told when the bytes before it are
  } else {
    end_of_peer();
  }
}

void TlsStream::on_again() {
  if (broken_ == EPROTO) return end(EPROTO);
  if (ended_) return;
  if (!ready_) return advance();
  resuming_ = false;
  if (paused_) return;
  input_ = undecrypted_.front();
  const auto waiting = input_.size();
  deliver_records();
  if (ended_) return;
  undecrypted_.consume(waiting - input_.size());
  input_ = {};
  if (paused_) return;
  inner_->resume_reading();
  if (inner_ended_) end_of_peer();
}

bool TlsStream::make_ssl() {
  if (ssl_ != nullptr) return true;
  ERR_clear_error();
  ssl_ = SSL_new(context_->native());
  BIO* bio = ssl_ != nullptr ? BIO_new(bio_method()) : nullptr;
  if (bio == nullptr) return false;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  if (context_->role() == TlsRole::client) {
    SSL_set_connect_state(ssl_);
    return expect_server_name();
  }
  SSL_set_accept_state(ssl_);
  return true;
}

// An address is verified, but never sent as a server name: RFC 6066 §3.
bool TlsStream::expect_server_name() {
  if (server_name_.empty()) return context_->verify() == TlsVerify::nothing;
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(server_name_.c_str());
  const bool is_address = address != nullptr;
  ASN1_OCTET_STRING_free(address);
  ERR_clear_error();
  if (is_address)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), server_name_.c_str()) == 1;
  return SSL_set1_host(ssl_, server_name_.c_str()) == 1 &&
         SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  server_name_.data()) == 1;
}

void TlsStream::advance() {
  if (finishing_ && !ready_) {
    input_ = {};  // the handshake was given up
    return;
  }
  if (!make_ssl()) {
    remember_error("a name to verify the server's certificate against is missing");
    return end(EPROTO);
  }
  if (ready_ || shake_hands()) deliver_records();
}

// One step of the handshake. True once it is complete and reading may go on.
bool TlsStream::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  const int obstacle = SSL_get_error(ssl_, result);
  const bool failed = obstacle != SSL_ERROR_NONE && obstacle != SSL_ERROR_WANT_READ;
  if (failed) remember_error("the peer does not read what TLS answers");
  flush();  // our flight, or the alert
  if (failed) end(EPROTO);
  if (obstacle != SSL_ERROR_NONE) return false;
  ready_ = true;
  if (paused_) inner_->pause_reading();
  tell_writable();
  return !ended_;
}

void TlsStream::deliver_records() {
  while (!paused_ && !ended_) {
    std::size_t filled = 0;
    const Read outcome = read_records(filled);
    flush();  // what the protocol answers: key updates, alerts
    if (filled > 0) events_->on_bytes(std::span{scratch_.plaintext}.first(filled));
    switch (outcome) {
      case Read::scratch_full: break;
      case Read::until_more_comes: return;
      case Read::peer_finished: return end(0);
      case Read::failed: return end(EPROTO);
    }
  }
}

// Reads until OpenSSL wants more, not until a short read: that ends at every record.
TlsStream::Read TlsStream::read_records(std::size_t& filled) {
  while (filled < scratch_.plaintext.size()) {
    std::size_t count = 0;
    ERR_clear_error();
    if (SSL_read_ex(ssl_, scratch_.plaintext.data() + filled, scratch_.plaintext.size() - filled,
                    &count) == 1) {
      filled += count;
      continue;
    }
    switch (SSL_get_error(ssl_, 0)) {
      case SSL_ERROR_WANT_READ: return Read::until_more_comes;
      case SSL_ERROR_ZERO_RETURN: return Read::peer_finished;
      default: remember_error("the peer does not read what TLS answers"); return Read::failed;
    }
  }
  return Read::scratch_full;
}

// One record's worth; where it does not leave at once, it waits in unsent_.
void TlsStream::encrypt(std::string_view plaintext) {
  while (!plaintext.empty()) {
    std::size_t taken = 0;
    ERR_clear_error();
    if (SSL_write_ex(ssl_, plaintext.data(), plaintext.size(), &taken) != 1) {
      remember_error("encryption failed");
      scratch_.ciphertext.clear();
      broken_ = EPROTO;
      return loop_.again(*this);  // on_end() follows: the owner is in the middle of a call
    }
    plaintext.remove_prefix(taken);
  }
  flush();
}

// Everything that one step brought forth leaves in one write, behind what waits already. If the
// inner stream broke, it tells that itself, after the bytes that came before.
void TlsStream::flush() {
  const std::string_view records = scratch_.ciphertext;
  const bool waits = !unsent_.empty() || records.empty();
  const std::size_t sent = waits || inner_finished_ ? 0 : write_below(records);
  if (broken_ == 0 && !inner_finished_) unsent_.append(records.substr(sent));
  scratch_.ciphertext.clear();
}

std::size_t TlsStream::write_below(std::string_view ciphertext) {
  if (broken_ != 0) return 0;
  const iovec piece{const_cast<char*>(ciphertext.data()), ciphertext.size()};  // iovec has no const
  const Written written = inner_->write({&piece, 1});
  broken_ = written.error;
  return written.bytes;
}

// Nothing waits any more: FIN if it was asked for, or the owner's turn.
void TlsStream::tell_writable() {
  if (!unsent_.empty()) return;
  if (finishing_) {
    if (!std::exchange(inner_finished_, true)) inner_->finish_writing();
  } else if (ready_ && std::exchange(blocked_, false)) {
    events_->on_writable();
  }
}

// FIN without close_notify before it.
void TlsStream::end_of_peer() {
  if (ended_) return;
  truncated_ = true;
  if (!ready_) {
    broken_ = EPIPE;
    if (!finishing_) last_error_ = "the peer left during the handshake";
  }
  end(0);
}

void TlsStream::end(int error) {
  if (error != 0) {
    broken_ = error;
    unsent_.clear();
  }
  if (std::exchange(ended_, true)) {
    if (error != 0) tell_of_trouble();
    return;
  }
  input_ = {};
  undecrypted_.clear();
  events_->on_end(error);
}

// on_end() was told long ago: who waits for room learns it from the next write().
void TlsStream::tell_of_trouble() {
  if (std::exchange(blocked_, false)) events_->on_writable();
}

void TlsStream::remember_error(const char* otherwise) {
  const auto code = ERR_peek_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  const long verified = ssl_ != nullptr ? SSL_get_verify_result(ssl_) : X509_V_OK;
  if (verified != X509_V_OK) {
    last_error_ = "certificate verify failed: ";
    last_error_ += X509_verify_cert_error_string(verified);
  } else {
    last_error_ = reason != nullptr ? reason : otherwise;
  }
  ERR_clear_error();
}

const bio_method_st* TlsStream::bio_method() {
  struct Free {
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
  };
  static const auto method = [] {
    std::unique_ptr<BIO_METHOD, Free> made{
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "orrery stream")};
    BIO_meth_set_read(made.get(), bio_read);
    BIO_meth_set_write(made.get(), bio_write);
    BIO_meth_set_ctrl(made.get(), bio_control);
    return made;
  }();
  return method.get();
}

int TlsStream::bio_read(bio_st* bio, char* into, int size) {
  auto& self = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto count = std::min(self.input_.size(), static_cast<std::size_t>(size));
  if (count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(into, self.input_.data(), count);
  self.input_.remove_prefix(count);
  return static_cast<int>(count);
}

// Takes everything, up to the limit: a peer that makes TLS answer without reading gets no memory.
int TlsStream::bio_write(bio_st* bio, const char* from, int size) {
  auto& self = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto count = static_cast<std::size_t>(size);
  std::string& records = self.scratch_.ciphertext;
  if (self.unsent_.size() + records.size() + count > unsent_limit_bytes) return -1;
  records.append(from, count);
  return size;
}

long TlsStream::bio_control(bio_st*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace orrery::net
