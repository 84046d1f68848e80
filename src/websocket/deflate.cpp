#include "websocket/deflate.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "websocket/igzip.h"
#include "websocket/zlib_streams.h"

namespace orrery::websocket {
namespace {

constexpr std::size_t scratch_kept_bytes = 1 << 20;
constexpr std::size_t idle_inflaters_kept = 8;
constexpr int widest_window_bits = 15;
// Without a context there is nothing to gain from zlib's slower levels.
constexpr DedicatedContext shared_context{.level = 1, .memory_level = 8};

void release_if_large(GrowingBuffer& scratch) {
  if (scratch.capacity() > scratch_kept_bytes) scratch.release();
}

}  // namespace

DeflateEngine::DeflateEngine(CompressorChoice choice) : choice_(choice) {}
DeflateEngine::~DeflateEngine() = default;

std::string_view DeflateEngine::compress(std::string_view payload, int window_bits) {
  assert(window_bits >= 9 && window_bits <= widest_window_bits);
  if (payload.size() <= scratch_kept_bytes) release_if_large(compressed_);
  if (choice_ == CompressorChoice::fastest && Igzip::runs_here()) {
    if (!igzip_) igzip_ = std::make_unique<Igzip>();
    igzip_->compress(payload, window_bits, compressed_);
    return compressed_.view();
  }
  auto& deflater = deflaters_[static_cast<std::size_t>(window_bits)];
  if (!deflater) deflater = std::make_unique<Deflater>(window_bits, shared_context);
  deflater->reset();
  deflater->compress(payload, compressed_);
  return compressed_.view();
}

void DeflateEngine::trim() {
  release_if_large(compressed_);
  release_if_large(inflated_);
}

void DeflateEngine::trim_inflated() {
  release_if_large(inflated_);
}

std::size_t DeflateEngine::memory_bytes() const {
  std::size_t bytes = compressed_.capacity() + inflated_.capacity();
  if (igzip_) bytes += igzip_->memory_bytes();
  for (const auto& deflater : deflaters_)
    if (deflater) bytes += deflater->memory_bytes();
  for (const auto& inflater : idle_inflaters_) bytes += inflater->memory_bytes();
  return bytes;
}

std::unique_ptr<Inflater> DeflateEngine::borrow_inflater() {
  if (idle_inflaters_.empty()) return std::make_unique<Inflater>(widest_window_bits);
  auto inflater = std::move(idle_inflaters_.back());
  idle_inflaters_.pop_back();
  return inflater;
}

void DeflateEngine::give_back(std::unique_ptr<Inflater> inflater) {
  if (idle_inflaters_.size() == idle_inflaters_kept) return;
  inflater->reset();
  idle_inflaters_.push_back(std::move(inflater));
}

// zlib and ISA-L have no window of 256 bytes; zlib's of 512 looks back at most 250, so it will do.
Deflate::Deflate(DeflateEngine& engine, Role role, const DeflateParams& params,
                 CompressionMode mode, const DedicatedContext& context)
    : engine_(engine), params_(params), role_(role), mode_(mode), context_(context) {
  if (window_bits() < 9) mode_ = CompressionMode::dedicated;
}

Deflate::~Deflate() = default;

int Deflate::window_bits() const {
  return role_ == Role::server ? params_.server_max_window_bits : params_.client_max_window_bits;
}

std::string_view Deflate::compress(std::string_view payload) {
  if (mode_ == CompressionMode::shared) return engine_.compress(payload, window_bits());
  if (!deflater_) deflater_ = std::make_unique<Deflater>(std::max(9, window_bits()), context_);
  if (payload.size() <= scratch_kept_bytes) release_if_large(engine_.compressed_);
  deflater_->compress(payload, engine_.compressed_);
  if (!own_takeover()) deflater_->reset();
  return engine_.compressed_.view();
}

Inflated Deflate::inflate(std::string_view piece, GrowingBuffer& out, std::uint64_t limit) {
  in_message_ = true;
  return inflater().inflate(piece, out, limit);
}

Inflated Deflate::finish(GrowingBuffer& out, std::uint64_t limit) {
  in_message_ = false;
  const Inflated result = inflater().finish(out, limit);
  if (!peer_takeover()) engine_.give_back(std::move(inflater_));
  return result;
}

void Deflate::hibernate() {
  deflater_.reset();
  if (!inflater_ || in_message_) return;
  history_ = inflater_->history();
  inflater_.reset();
}

std::size_t Deflate::memory_bytes() const {
  return sizeof *this + history_.capacity() + (deflater_ ? deflater_->memory_bytes() : 0) +
         (inflater_ ? inflater_->memory_bytes() : 0);
}

bool Deflate::own_takeover() const {
  return !(role_ == Role::server ? params_.server_no_context_takeover
                                 : params_.client_no_context_takeover);
}

bool Deflate::peer_takeover() const {
  return !(role_ == Role::server ? params_.client_no_context_takeover
                                 : params_.server_no_context_takeover);
}

Inflater& Deflate::inflater() {
  if (inflater_) return *inflater_;
  if (!peer_takeover()) {
    inflater_ = engine_.borrow_inflater();
    return *inflater_;
  }
  const int bits =
      role_ == Role::server ? params_.client_max_window_bits : params_.server_max_window_bits;
  inflater_ = std::make_unique<Inflater>(std::max(9, bits));
  if (!history_.empty()) inflater_->set_history(history_);
  history_ = {};
  return *inflater_;
}

}  // namespace orrery::websocket
