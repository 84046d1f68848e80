// A StreamTalker sits on a Stream in a test: it remembers what it was told, and says what it has to
// say as fast as the stream takes it.
//
// Owner   the test. Nothing but tests includes this.
// Thread  the loop's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "net/byte_queue.h"
#include "net/stream.h"

namespace orrery::net {

class StreamTalker : public StreamEvents {
 public:
  enum class Answer { nothing, echo };

  virtual ~StreamTalker() = default;

  void sit_on(Stream& stream, Answer answer = Answer::nothing) {
    stream_ = &stream;
    answer_ = answer;
    stream.start(*this);
  }
  void say(std::string_view bytes) {
    to_say_.append(bytes);
    push();
  }
  /// Says farewell after the last byte.
  void finish() {
    finishing_ = true;
    push();
  }

  void on_bytes(std::span<char> bytes) override {
    ++deliveries;
    heard.append(bytes.data(), bytes.size());
    if (deliveries >= pauses_at) stream_->pause_reading();
    if (answer_ == Answer::echo) say({bytes.data(), bytes.size()});
  }
  void on_writable() override {
    ++writables;
    push();
  }
  void on_end(int error) override {
    ++ends;
    end_error = error;
    if (answer_ == Answer::echo && error == 0) finish();
  }

  std::string heard;
  std::size_t deliveries = 0;
  std::size_t pauses_at = static_cast<std::size_t>(-1);  // pauses in this on_bytes() and later ones
  std::size_t writables = 0;
  std::size_t ends = 0;
  int end_error = -1;   // of the last on_end()
  int write_error = 0;  // of the first write() that failed

 private:
  void push() {
    if (stream_ == nullptr || write_error != 0) return;
    if (!to_say_.empty()) {
      const auto rest = to_say_.front();
      const iovec piece{const_cast<char*>(rest.data()), rest.size()};  // iovec knows no const
      const Written written = stream_->write({&piece, 1});
      write_error = written.error;
      to_say_.consume(written.bytes);
    }
    if (to_say_.empty() && std::exchange(finishing_, false)) stream_->finish_writing();
  }

  Stream* stream_ = nullptr;
  Answer answer_ = Answer::nothing;
  ByteQueue to_say_;
  bool finishing_ = false;
};

}  // namespace orrery::net
