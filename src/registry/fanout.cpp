#include "registry/fanout.h"

#include <utility>

#include "actor/mailbox.h"
#include "registry/group.h"

namespace orrery::registry {

/// One publication on its way to one loop; gives the loop's room back when it is destroyed.
class Loops::HandOver final : public net::InboxNode {
 public:
  HandOver(std::shared_ptr<Port> port, Publication publication, std::size_t bytes)
      : port_(std::move(port)), publication_(std::move(publication)), bytes_(bytes) {}
  ~HandOver() { port_->bytes.fetch_sub(bytes_, std::memory_order_relaxed); }

  void run() override {
    if (!delivery_) delivery_.emplace(publication_);
    if (port_->fanout.deliver(*delivery_))
      delete this;
    else
      port_->door->put_back(*this);
  }
  void dropped() override { delete this; }

 private:
  const std::shared_ptr<Port> port_;
  const Publication publication_;
  const std::size_t bytes_;
  std::optional<Delivery> delivery_{};  // once it has begun
};

void Loops::add(std::shared_ptr<actor::Door> door, Fanout& fanout) {
  const std::size_t loop = door->loop();
  if (loop >= ports_.size()) ports_.resize(loop + 1);
  ports_[loop] = std::make_shared<Port>(std::move(door), fanout);
}

Posted Loops::hand_over(std::size_t loop, Publication publication, const Address& except) {
  const auto& port = ports_[loop];
  if (!port) return Posted::gone;  // the server has not started
  const std::size_t bytes = publication.payload().size() + sizeof(HandOver);
  const std::size_t before = port->bytes.fetch_add(bytes, std::memory_order_relaxed);
  if (before != 0 && before + bytes > bytes_per_loop_) {
    port->bytes.fetch_sub(bytes, std::memory_order_relaxed);
    return Posted::full;
  }
  publication.loop_ = loop;
  const auto& mailbox = actor::Mailbox::of(except);
  if (mailbox && &mailbox->door() == port->door.get()) publication.except_ = mailbox->session();
  if (port->door->here()) publication.from_ = port->door->running();
  auto node = std::make_unique<HandOver>(port, std::move(publication), bytes);
  if (!port->door->post(*node)) return Posted::gone;
  (void)node.release();  // it is its own from now on
  return Posted::queued;
}

std::size_t Loops::bytes_under_way(std::size_t loop) const {
  return ports_[loop] ? ports_[loop]->bytes.load(std::memory_order_relaxed) : 0;
}

}  // namespace orrery::registry
