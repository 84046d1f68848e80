// A Mailbox carries server messages from any thread to one session, and knows whether it still
// lives.
//
// Owner   shared: by the session and by every Address of it. It outlives both loop and server.
// Thread  post(), close(), alive() from any; end() on the session's loop.
// Limit   MailboxLimits: letters under way or waiting, and their payloads; beyond: Posted::full.
// Why     writers count and post without a lock; letters of one sender keep their order, because
// all
//         go through the loop's one inbox (docs/decisions/0009-one-way-in.md).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <variant>

#include "actor/door.h"
#include "base/shared_bytes.h"
#include "base/slab.h"
#include "orrery/address.h"
#include "orrery/limits.h"

namespace orrery::actor {

struct MailboxLimits {
  std::size_t count = Limits{}.mailbox_count;
  std::size_t bytes = Limits{}.mailbox_bytes;
  MailboxOverflow overflow = MailboxOverflow::drop_newest;
};

/// A server message: sent directly, or published to a group.
struct TextLetter {
  MessageType type;
  SharedBytes payload;
  std::string group{};
  Position position{};
};
/// Somebody entered or left a group that the session tracks.
struct PresenceLetter {
  Presence::Kind kind;
  std::string group;
  Address who;
  std::string metadata;
};
/// A name went to another session.
struct NameLostLetter {
  std::string name;
};
using LetterContent = std::variant<TextLetter, PresenceLetter, NameLostLetter>;

/// One letter to one session; the mailbox has its place back when it is destroyed.
class Letter final : public net::InboxNode {
 public:
  Letter(std::shared_ptr<Mailbox> to, LetterContent content, std::size_t bytes)
      : to_(std::move(to)), bytes_(bytes), content_(std::move(content)) {}
  ~Letter();

  [[nodiscard]] SlotId to() const;
  [[nodiscard]] const LetterContent& content() const { return content_; }
  /// The session sent it to itself, inside one of its own callbacks.
  [[nodiscard]] bool from_itself() const { return from_itself_; }

  void run() override;  // hands itself to the door's receiver
  void dropped() override { delete this; }

 private:
  friend class Mailbox;
  std::shared_ptr<Mailbox> to_;
  std::size_t bytes_;
  LetterContent content_;
  bool from_itself_ = false;
};

class Mailbox final : public std::enable_shared_from_this<Mailbox> {
 public:
  Mailbox(std::shared_ptr<Door> door, SlotId session, MailboxLimits limits)
      : door_(std::move(door)), session_(session), limits_(limits), closing_(*this) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Copies nothing: `content` becomes a letter that the session gets on its loop.
  [[nodiscard]] Posted post(LetterContent content);
  /// A letter that the session gets without the way through the inbox: it counts all the same.
  /// Null: there was no room.
  [[nodiscard]] std::unique_ptr<Letter> keep(LetterContent content);
  /// Closes the session. The first one counts; it can't fail for want of room.
  Posted close(CloseCause::Kind kind, std::uint16_t code, std::string_view reason);
  [[nodiscard]] bool alive() const { return alive_.load(std::memory_order_acquire); }
  /// A callback of the session runs on this thread, a worker's, while this lives.
  class [[nodiscard]] OnWorker {
   public:
    explicit OnWorker(Mailbox& of) : mailbox_(of) { of.worker_ = std::this_thread::get_id(); }
    OnWorker(const OnWorker&) = delete;
    OnWorker& operator=(const OnWorker&) = delete;
    ~OnWorker() { mailbox_.worker_ = std::thread::id{}; }

   private:
    Mailbox& mailbox_;
  };
  /// From now on everybody hears `gone`.
  void end() { alive_.store(false, std::memory_order_release); }

  [[nodiscard]] SlotId session() const { return session_; }
  [[nodiscard]] Door& door() const { return *door_; }
  [[nodiscard]] std::string id() const;
  /// Letters under way or waiting.
  [[nodiscard]] std::size_t count() const { return count_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  /// Without payloads that are paid for elsewhere.
  [[nodiscard]] std::size_t unpaid_bytes() const {
    const std::size_t all = bytes(), paid = paid_bytes_.load(std::memory_order_relaxed);
    return all > paid ? all - paid : 0;
  }
  /// Letters that found no room since the last call.
  [[nodiscard]] std::uint64_t take_refused() {
    const bool any = refused_.load(std::memory_order_relaxed) > 0;
    return any ? refused_.exchange(0, std::memory_order_relaxed) : 0;
  }

  /// The mailbox of an address; null for nobody's.
  [[nodiscard]] static const std::shared_ptr<Mailbox>& of(const Address& address) {
    return address.mailbox_;
  }

 private:
  friend class Letter;

  /// The close that somebody asked for, on its way: part of the mailbox, so it needs no memory.
  class Closing final : public net::InboxNode {
   public:
    explicit Closing(Mailbox& of) : mailbox_(of) {}
    void run() override;
    void dropped() override { keeps_.reset(); }

   private:
    friend class Mailbox;
    Mailbox& mailbox_;
    std::shared_ptr<Mailbox> keeps_{};  // while it is under way
    CloseCause::Kind kind_ = CloseCause::Kind::server;
    std::uint16_t code_ = 0;
    std::uint8_t reason_bytes_ = 0;
    std::array<char, 123> reason_{};
  };

  [[nodiscard]] bool in_own_callback() const;
  [[nodiscard]] bool take_place(std::size_t bytes);
  void give_back(std::size_t bytes, std::size_t paid_bytes);

  const std::shared_ptr<Door> door_;
  const SlotId session_;
  const MailboxLimits limits_;
  std::atomic<bool> alive_{true};
  std::atomic<bool> close_asked_{false};
  std::atomic<std::thread::id> worker_{};
  std::atomic<std::size_t> count_{0};
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> paid_bytes_{0};  // of them
  std::atomic<std::uint64_t> refused_{0};
  Closing closing_;
};

}  // namespace orrery::actor
