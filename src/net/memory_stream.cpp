#include "net/memory_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "net/byte_queue.h"

namespace orrery::net {

// What both ends share; each side holds what is under way to it.
class MemoryWire {
 public:
  struct Side {
    ByteQueue arrived;
    std::size_t window_bytes = 0;
    std::size_t operations = 0;
    std::size_t fails_at = 0;  // the operation that breaks it; 0: none
    int fails_with = 0;
    MemoryStream* stream = nullptr;  // null: driven by hand, or closed
    std::size_t last_bytes = 0;
    bool peer_writes_the_last = false;
    bool peer_finished = false;
    bool closed = false;

    [[nodiscard]] std::size_t room() const {
      return window_bytes - std::min(window_bytes, arrived.size());
    }
  };

  explicit MemoryWire(MemoryOptions options) : options_(std::move(options)) {
    for (Side& side : sides_) side.window_bytes = options_.window_bytes;
  }

  [[nodiscard]] const MemoryOptions& options() const { return options_; }
  [[nodiscard]] Side& side(std::size_t index) { return sides_[index]; }
  [[nodiscard]] Side& other(std::size_t index) { return sides_[1 - index]; }
  [[nodiscard]] bool is_reset() const { return reset_; }

  void wake(std::size_t index) {
    if (sides_[index].stream != nullptr) sides_[index].stream->wake();
  }
  void finish(std::size_t from) {
    other(from).peer_finished = true;
    wake(1 - from);
  }
  void reset() {
    reset_ = true;
    for (Side& side : sides_) side.arrived.clear();
    wake(0);
    wake(1);
  }
  // As Linux closes a TCP socket: bytes that nobody will read any more make it a reset.
  void close(std::size_t index) {
    sides_[index].stream = nullptr;
    sides_[index].closed = true;
    if (reset_) return;
    sides_[index].arrived.empty() ? finish(index) : reset();
  }
  void fail(std::size_t index, std::size_t n, int error) {
    sides_[index].fails_at = sides_[index].operations + n;
    sides_[index].fails_with = error;
  }

 private:
  MemoryOptions options_;
  std::array<Side, 2> sides_;
  bool reset_ = false;
};

namespace {
constexpr std::size_t stream_side = 0;  // of a driven pair
constexpr std::size_t hand_side = 1;
}  // namespace

MemoryStream::MemoryStream(Loop& loop, std::shared_ptr<MemoryWire> wire, std::size_t side)
    : loop_(loop), wire_(std::move(wire)), side_(side) {
  wire_->side(side_).stream = this;
}

MemoryStream::Pair MemoryStream::pair(Loop& loop, MemoryOptions options) {
  auto wire = std::make_shared<MemoryWire>(std::move(options));
  return {std::unique_ptr<MemoryStream>(new MemoryStream(loop, wire, 0)),
          std::unique_ptr<MemoryStream>(new MemoryStream(loop, wire, 1))};
}

MemoryStream::Driven MemoryStream::driven(Loop& loop, MemoryOptions options) {
  auto wire = std::make_shared<MemoryWire>(std::move(options));
  return {std::unique_ptr<MemoryStream>(new MemoryStream(loop, wire, stream_side)),
          MemoryEnd(wire)};
}

MemoryStream::~MemoryStream() {
  wire_->close(side_);
}

void MemoryStream::start(StreamEvents& events) {
  events_ = &events;
  wake();
}

Written MemoryStream::write(std::span<const iovec> pieces) {
  if (broken_ != 0) return {0, broken_};
  if (wire_->is_reset()) return {0, ECONNRESET};
  if (fails_now()) return {0, broken_};
  auto& target = wire_->other(side_);
  if (target.closed || target.peer_finished) return {0, EPIPE};
  Written written;
  std::size_t offered = 0;
  for (const iovec& piece : pieces) {
    const std::size_t fits = std::min(piece.iov_len, target.room());
    target.arrived.append({static_cast<const char*>(piece.iov_base), fits});
    written.bytes += fits;
    offered += piece.iov_len;
  }
  if (target.peer_writes_the_last) target.last_bytes += written.bytes;
  blocked_ = written.bytes < offered;
  if (written.bytes > 0) wire_->wake(1 - side_);
  return written;
}

bool MemoryStream::write_with(SendBatch& batch, std::string_view bytes) {
  if (blocked_ || broken_ != 0 || wire_->is_reset()) return false;
  batch.add(*this, bytes);
  return true;
}

int MemoryStream::take(std::string_view bytes) {
  const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};  // iovec has no const
  const Written written = write({&piece, 1});
  return written.error != 0 ? -written.error : static_cast<int>(written.bytes);
}

Written MemoryStream::wrote(std::size_t, int result) {
  return result < 0 ? Written{0, -result} : Written{static_cast<std::size_t>(result), 0};
}

void MemoryStream::pause_reading() {
  paused_ = true;
}

void MemoryStream::resume_reading() {
  paused_ = false;
  wake();
}

void MemoryStream::writes_the_last() {
  wire_->other(side_).peer_writes_the_last = true;
}

void MemoryStream::finish_writing() {
  if (!wire_->is_reset()) wire_->finish(side_);
}

void MemoryStream::abort() {
  ended_ = true;
  blocked_ = false;
  if (broken_ == 0) broken_ = ECONNABORTED;
  if (!wire_->is_reset()) wire_->reset();
}

Peer MemoryStream::peer() const {
  return wire_->options().peer;
}

void MemoryStream::fail_operation(std::size_t n, int error) {
  wire_->fail(side_, n, error);
}

std::size_t MemoryStream::operations() const {
  return wire_->side(side_).operations;
}

void MemoryStream::wake() {
  if (events_ != nullptr && !(ended_ && broken_ != 0 && !blocked_)) loop_.again(*this);
}

void MemoryStream::on_again() {
  if (wire_->is_reset()) return end(broken_ != 0 ? broken_ : ECONNRESET);
  if (blocked_ && wire_->other(side_).room() > 0) {
    blocked_ = false;
    events_->on_writable();
  }
  if (!ended_ && !paused_ && !wire_->is_reset()) deliver_bytes();
}

void MemoryStream::deliver_bytes() {
  auto& mine = wire_->side(side_);
  if (!mine.arrived.empty()) {
    if (fails_now()) return end(broken_);
    const auto buffer = loop_.read_buffer();
    const auto count = std::min({mine.arrived.size(), wire_->options().chunk_bytes, buffer.size()});
    std::memcpy(buffer.data(), mine.arrived.front().data(), count);
    mine.arrived.consume(count);
    wire_->wake(1 - side_);  // there is room again
    events_->on_bytes(buffer.first(count));
  }
  if (!mine.arrived.empty()) return wake();
  if (mine.peer_finished && !paused_ && !wire_->is_reset()) end(0);
}

void MemoryStream::end(int error) {
  if (error != 0) broken_ = error;
  if (!std::exchange(ended_, true)) return events_->on_end(error);
  if (error != 0 && std::exchange(blocked_, false)) events_->on_writable();  // to see write() fail
}

bool MemoryStream::fails_now() {
  auto& mine = wire_->side(side_);
  if (++mine.operations != mine.fails_at) return false;
  broken_ = mine.fails_with;
  wire_->reset();  // wakes this end too: it is told on_end() once, from the loop
  return true;
}

MemoryEnd::MemoryEnd(MemoryEnd&& other) noexcept : wire_(std::move(other.wire_)) {}

MemoryEnd& MemoryEnd::operator=(MemoryEnd&& other) noexcept {
  if (this != &other) {
    close();
    wire_ = std::move(other.wire_);
  }
  return *this;
}

MemoryEnd::~MemoryEnd() {
  close();
}

void MemoryEnd::close() {
  if (wire_) std::exchange(wire_, nullptr)->close(hand_side);
}

std::size_t MemoryEnd::write(std::string_view bytes) {
  if (!wire_ || wire_->is_reset()) return 0;
  auto& target = wire_->side(stream_side);
  if (target.closed && !bytes.empty()) wire_->reset();
  if (target.closed || target.peer_finished) return 0;
  const auto fits = std::min(bytes.size(), target.room());
  target.arrived.append(bytes.substr(0, fits));
  if (fits > 0) wire_->wake(stream_side);
  return fits;
}

std::string MemoryEnd::read() {
  if (!wire_) return {};
  auto& mine = wire_->side(hand_side);
  std::string bytes{mine.arrived.front()};
  mine.arrived.clear();
  wire_->wake(stream_side);
  return bytes;
}

std::size_t MemoryEnd::readable() const {
  return wire_ ? wire_->side(hand_side).arrived.size() : 0;
}

std::size_t MemoryEnd::last_bytes() const {
  return wire_ ? wire_->side(hand_side).last_bytes : 0;
}

MemoryState MemoryEnd::state() const {
  if (!wire_ || wire_->is_reset()) return MemoryState::reset;
  const auto& mine = wire_->side(hand_side);
  return mine.peer_finished && mine.arrived.empty() ? MemoryState::finished : MemoryState::open;
}

void MemoryEnd::finish_writing() {
  if (wire_ && !wire_->is_reset()) wire_->finish(hand_side);
}

void MemoryEnd::reset() {
  if (wire_ && !wire_->is_reset()) wire_->reset();
}

void MemoryEnd::set_window(std::size_t bytes) {
  if (!wire_) return;
  wire_->side(hand_side).window_bytes = bytes;
  wire_->wake(stream_side);
}

void MemoryEnd::fail_stream_operation(std::size_t n, int error) {
  if (wire_) wire_->fail(stream_side, n, error);
}

std::size_t MemoryEnd::stream_operations() const {
  return wire_ ? wire_->side(stream_side).operations : 0;
}

}  // namespace orrery::net
