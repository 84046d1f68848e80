// A TlsStream is TLS over another Stream: ciphertext below, plaintext above.
//
// Owner   the connection on top of it; it owns the inner stream and the SSL object, which exists
//         from the first byte on.
// Thread  its loop's.
// Limit   unsent ciphertext: one record and what the protocol itself says (tickets, alerts, at most
//         unsent_limit_bytes); undecrypted bytes while paused: one on_bytes() of the inner stream.
//         Both are freed when empty.
// Why     a BIO of our own instead of OpenSSL's socket BIO, which writes without MSG_NOSIGNAL; so
//         it also runs over memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/byte_queue.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/tls_context.h"
#include "net/tls_scratch.h"

struct bio_method_st;  // OpenSSL's BIO_METHOD
struct bio_st;         // OpenSSL's BIO
struct ssl_st;         // OpenSSL's SSL

namespace orrery::net {

class TlsStream final : public Stream, private StreamEvents, private Requeued {
 public:
  static constexpr std::size_t unsent_limit_bytes = 128 * 1024;

  /// Server or client as the context says. `server_name` is a client's: the name or address whose
  /// certificate it expects. `loop` and `scratch` outlive the stream.
  TlsStream(Loop& loop, std::unique_ptr<Stream> inner, std::shared_ptr<const TlsContext> context,
            TlsScratch& scratch, std::string server_name = {});
  ~TlsStream() override;

  void start(StreamEvents& events) override;
  /// Takes nothing before the handshake is complete; on_writable() says when it is.
  Written write(std::span<const iovec> pieces) override;
  void pause_reading() override;
  void resume_reading() override;
  /// close_notify, then FIN. Before the handshake is complete: gives it up, FIN.
  void finish_writing() override;
  void writes_the_last() override { inner_->writes_the_last(); }
  [[nodiscard]] bool holds_bytes() const override {
    return !unsent_.empty() || inner_->holds_bytes();
  }
  void abort() override;
  [[nodiscard]] Peer peer() const override { return inner_->peer(); }
  [[nodiscard]] bool encrypted() const override { return true; }

  [[nodiscard]] bool handshake_complete() const { return ready_; }
  /// The peer's last byte came without close_notify (RFC 8446 §6.1): the end may be an attacker's.
  [[nodiscard]] bool truncated() const { return truncated_; }
  /// Why on_end(EPROTO) was told, or the handshake never completed; empty otherwise.
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  enum class Read { until_more_comes, scratch_full, peer_finished, failed };

  void on_bytes(std::span<char> bytes) override;
  void on_writable() override;
  void on_end(int error) override;
  void on_again() override;

  bool make_ssl();
  bool expect_server_name();
  void advance();
  bool shake_hands();
  void deliver_records();
  Read read_records(std::size_t& filled);
  void encrypt(std::string_view plaintext);
  void flush();
  std::size_t write_below(std::string_view ciphertext);
  void tell_writable();
  void tell_of_trouble();
  void end_of_peer();
  void end(int error);
  void remember_error(const char* otherwise);

  static const bio_method_st* bio_method();
  static int bio_read(bio_st* bio, char* into, int size);
  static int bio_write(bio_st* bio, const char* from, int size);
  static long bio_control(bio_st* bio, int command, long, void*);

  Loop& loop_;
  std::unique_ptr<Stream> inner_;
  std::shared_ptr<const TlsContext> context_;
  TlsScratch& scratch_;
  StreamEvents* events_ = nullptr;
  ssl_st* ssl_ = nullptr;
  std::string_view input_;  // ciphertext of the call that runs now
  ByteQueue undecrypted_;   // ciphertext that waits for resume_reading()
  ByteQueue unsent_;        // ciphertext that the inner stream didn't take
  std::string server_name_;
  std::string last_error_;
  int broken_ = 0;      // errno that every later write answers
  bool ready_ = false;  // the handshake is complete
  bool paused_ = false;
  bool resuming_ = false;        // resume_reading() was called; on_again() follows
  bool blocked_ = false;         // a write took less than it was given
  bool finishing_ = false;       // finish_writing() was called
  bool inner_finished_ = false;  // FIN is on its way
  bool inner_ended_ = false;     // the inner on_end(0) came while bytes were waiting
  bool ended_ = false;           // on_end() was told, or abort() made it pointless
  bool truncated_ = false;
};

}  // namespace orrery::net
