#include "cli/connect.h"

#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <ostream>

#include "cli/dialer.h"
#include "cli/input.h"
#include "cli/line_editor.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "net/epoll_poller.h"
#include "websocket/secure_random.h"

namespace orrery::cli {
namespace {

constexpr milliseconds opening_patience{10'000};
constexpr milliseconds closing_patience{5'000};

// Characters that a terminal would obey, as \x1b.
std::string harmless(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool obeyed = (byte < ' ' && c != '\t') || byte == 0x7f;
    obeyed ? void(out += fmt::format("\\x{:02x}", byte)) : void(out += c);
  }
  return out;
}

// The signals that would end the process are bytes to read.
class Signals {
 public:
  Signals() {
    sigset_t set{};
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, &before_);
    previous_pipe_ = std::signal(SIGPIPE, SIG_IGN);  // whoever reads our output may go
    fd_ = net::Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() {
    signalfd_siginfo pending{};
    while (::read(fd_.get(), &pending, sizeof pending) > 0) continue;
    std::signal(SIGPIPE, previous_pipe_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  sigset_t before_{};
  void (*previous_pipe_)(int) = SIG_DFL;
  net::Descriptor fd_{};
};

class Conversation final : private TalkEvents, private InputEvents, private net::Timer {
 public:
  Conversation(const ConnectOptions& options, int input, std::ostream& out, std::ostream& errors,
               net::Loop& loop)
      : options_(options),
        out_(out),
        errors_(errors),
        loop_(loop),
        terminal_(input),
        talk_(options.opcode, random_, *this),
        input_(loop, input, *this),
        stop_(loop, signals_.fd(), stopped_) {}

  Exit run(const OpeningPlan& plan, Dialer& dialer) {
    auto stream = dialer.dial();
    if (!stream) {
      note(stream.error());
      return Exit::failed;
    }
    wait(opening_patience);
    stop_.resume();
    if (terminal_.is_one()) input_.resume();
    talk_.open(*std::move(stream), plan);
    loop_.run();
    if (terminal_.is_one()) errors_ << LineEditor::erased() << std::flush;
    return exit_;
  }

 private:
  enum class Stage : std::uint8_t { opening, open, input_ended, closing, over };

  // A signal: the first says goodbye, the second goes.
  struct Stopped final : InputEvents {
    explicit Stopped(Conversation& of) : conversation(of) {}
    void on_input(std::string_view) override { conversation.leave(); }
    void on_input_end() override {}
    Conversation& conversation;
  };

  void on_talk_open() override {
    stage_ = Stage::open;
    cancel();
    if (!terminal_.is_one()) input_.resume();
    draw();
  }
  void on_talk_room() override {
    if (stage_ == Stage::open) input_.resume();
  }
  void on_talk_end(bool well) override {
    exit_ = well ? Exit::ok : Exit::failed;
    stage_ = Stage::over;
    loop_.stop();
  }
  void on_message_line(std::string_view line) override {
    if (terminal_.is_one())
      out_ << LineEditor::erased() << "< " << harmless(line) << '\n';
    else
      out_ << line << '\n';
    out_.flush();
    if (!out_ && stage_ != Stage::over) leave();  // nobody reads it
    draw();
  }
  void on_note(std::string_view text) override { note(text); }

  void on_input(std::string_view bytes) override {
    if (terminal_.is_one()) {
      for (const auto& event : editor_.type(bytes)) typed(event);
      return draw();
    }
    pending_ += bytes;
    std::size_t begin = 0;
    for (auto end = pending_.find('\n'); end != pending_.npos; end = pending_.find('\n', begin)) {
      talk_.say(without_return(std::string_view(pending_).substr(begin, end - begin)));
      begin = end + 1;
    }
    pending_.erase(0, begin);
    if (pending_.size() > Talk::message_bytes) {
      note("a line of the input is longer than a message may be (64 MiB)");
      leave();
    }
    if (!talk_.has_room()) input_.pause();
  }
  void on_input_end() override {
    if (terminal_.is_one()) return leave();
    if (!pending_.empty()) talk_.say(without_return(pending_));
    stage_ = Stage::input_ended;
    wait(options_.wait);
  }

  void typed(const LineEditor::Event& event) {
    if (event.what == LineEditor::What::end) return leave();
    if (event.what == LineEditor::What::interrupt) return finish(Exit::failed);
    if (stage_ != Stage::open) return note("not sent: there is no session");
    out_ << LineEditor::erased() << "> " << event.line << std::endl;
    talk_.obey(event.line);
  }

  // Says goodbye, if there is somebody to say it to.
  void leave() {
    if (stage_ != Stage::open && stage_ != Stage::input_ended) return finish(Exit::failed);
    stage_ = Stage::closing;
    input_.pause();
    talk_.close();
    wait(closing_patience);
  }
  void finish(Exit exit) {
    exit_ = exit;
    stage_ = Stage::over;
    loop_.stop();
  }
  void on_timer(Time) override {
    if (stage_ == Stage::opening) {
      note("no answer for 10 s: is the host right, and is it a WebSocket server?");
      finish(Exit::failed);
    } else if (stage_ == Stage::closing) {
      talk_.give_up();
    } else {
      leave();
    }
  }
  void wait(milliseconds time) { loop_.timers().arm(*this, loop_.clock().now() + time); }
  void cancel() { net::TimerWheel::cancel(*this); }

  void note(std::string_view text) {
    if (terminal_.is_one()) errors_ << LineEditor::erased();
    errors_ << (stage_ == Stage::opening ? "" : "* ") << text << std::endl;
    draw();
  }
  void draw() {
    if (terminal_.is_one() && stage_ == Stage::open)
      errors_ << editor_.drawn(terminal_.columns()) << std::flush;
  }
  static std::string_view without_return(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  const ConnectOptions& options_;
  std::ostream& out_;
  std::ostream& errors_;
  net::Loop& loop_;
  websocket::SecureRandom random_{};
  const Signals signals_{};
  const Terminal terminal_;
  LineEditor editor_{"> "};
  Talk talk_;
  Input input_;
  Stopped stopped_{*this};
  Input stop_;
  std::string pending_{};  // the beginning of a line
  Stage stage_ = Stage::opening;
  Exit exit_ = Exit::failed;
};

Exit fail(std::ostream& errors, std::string_view why) {
  errors << "orrery connect: " << why << '\n';
  return Exit::failed;
}

}  // namespace

Exit connect(const ConnectOptions& options, int input, std::ostream& out, std::ostream& errors) {
  const auto target = parse_target(options.client.url);
  if (!target) return fail(errors, target.error()), Exit::refused;
  const auto place = find_place(*target, options.client);
  if (!place) return fail(errors, place.error());
  auto poller = net::EpollPoller::create();
  if (!poller) return fail(errors, poller.error());
  const SystemClock clock;
  net::Loop loop(clock, *std::move(poller));
  SocketDialer dialer(loop, *place);
  Conversation conversation(options, input, out, errors, loop);
  OpeningPlan plan{*target, options.client.headers, options.client.subprotocols};
  if (options.compression) plan.compression.emplace();
  return conversation.run(plan, dialer);
}

}  // namespace orrery::cli
