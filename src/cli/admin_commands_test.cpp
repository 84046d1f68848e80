#include "cli/admin_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <sstream>
#include <thread>

#include "cli/admin_client.h"
#include "cli/drain.h"
#include "net/descriptors.h"

namespace orrery::cli {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view status_body =
    "{\"ready\":true,\"draining\":false,\"sessions\":12,\"loops\":2,\"version\":\"0.1.0\"}\n";

std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// Listens on a free port and answers as the story wants, one question after the other; then nobody
// listens there any more.
class Answers {
 public:
  explicit Answers(std::string answer) : Answers(std::vector{std::move(answer)}) {}
  explicit Answers(std::vector<std::string> answers)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), answers_(std::move(answers)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), plain, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener_.get(), plain, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      for (const auto& answer : answers_) serve_one(answer);
      listener_.close();
    });
  }
  ~Answers() { question(); }

  [[nodiscard]] std::uint32_t port() const { return port_; }
  // What was asked, once all of it was.
  std::string question() {
    if (thread_.joinable()) thread_.join();
    return question_;
  }

 private:
  void serve_one(const std::string& answer) {
    const net::Descriptor caller(::accept(listener_.get(), nullptr, nullptr));
    char bytes[1024];
    do {
      const ssize_t count = ::recv(caller.get(), bytes, sizeof bytes, 0);
      if (count <= 0) return;
      question_.append(bytes, static_cast<std::size_t>(count));
    } while (!question_.ends_with("\r\n\r\n"));
    ::send(caller.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  }

  net::Descriptor listener_;
  std::vector<std::string> answers_;
  std::string question_;
  std::uint32_t port_ = 0;
  std::thread thread_;
};

config::Loaded admin_at(std::uint32_t port, std::string token = "") {
  config::Loaded loaded;
  loaded.tree.admin = {"127.0.0.1", port, std::move(token)};
  return loaded;
}

struct Said {
  Exit exit;
  std::string out, errors;
};

Said status_of(const config::Loaded& loaded, Form form = Form::text) {
  std::ostringstream out, errors;
  const Exit exit = print_status(loaded, form, out, errors);
  return {exit, out.str(), errors.str()};
}

TEST(Status, IsToldInWordsOrAsItCame) {
  Answers in_words(ok(status_body));
  const Said words = status_of(admin_at(in_words.port()));
  EXPECT_EQ(words.exit, Exit::ok);
  EXPECT_EQ(words.out,
            "ready      yes\ndraining   no\nsessions   12\nloops      2\nversion    0.1.0\n");
  EXPECT_EQ(words.errors, "");
  EXPECT_THAT(in_words.question(), HasSubstr("GET /api/status HTTP/1.1\r\n"));
  Answers as_json(ok(status_body));
  EXPECT_EQ(status_of(admin_at(as_json.port()), Form::json).out, status_body);
}

TEST(Status, TellsWhatTheServerSaysIsWrong) {
  Answers server(ok(
      "{\"ready\":true,\"problems\":[{\"key\":\"a\",\"level\":\"error\",\"text\":\"Pool a has no "
      "places left: 10 of 10.\"},{\"key\":\"b\",\"level\":\"warning\",\"text\":\"Soon.\"}],"
      "\"nodes\":[{\"name\":\"north\"}]}\n"));
  EXPECT_EQ(status_of(admin_at(server.port())).out,
            "ready      yes\nproblem    Pool a has no places left: 10 of 10.\n"
            "problem    Soon.\n");
}

TEST(Status, ShowsTheTokenOfTheConfiguration) {
  Answers open(ok(status_body)), guarded(ok(status_body));
  EXPECT_EQ(status_of(admin_at(open.port())).exit, Exit::ok);
  EXPECT_THAT(open.question(), Not(HasSubstr("Authorization")));
  EXPECT_EQ(status_of(admin_at(guarded.port(), "s3cret")).exit, Exit::ok);
  EXPECT_THAT(guarded.question(), HasSubstr("\r\nAuthorization: Bearer s3cret\r\n"));
}

std::string left(int sessions) {
  return ok("{\"ready\":false,\"draining\":true,\"sessions\":" + std::to_string(sessions) + "}\n");
}

Said drain_of(const Answers& server, const DrainWish& wish, Watched watched = Watched::no) {
  std::ostringstream out, errors;
  const Exit exit = drain_server(admin_at(server.port()), wish, watched, out, errors);
  return {exit, out.str(), errors.str()};
}

TEST(Drain, IsAskedForByPost) {
  Answers server("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  const Said said = drain_of(server, {});
  EXPECT_EQ(said.exit, Exit::ok);
  EXPECT_THAT(said.out, HasSubstr("draining"));
  EXPECT_EQ(said.errors, "");
  EXPECT_THAT(server.question(), HasSubstr("POST /api/drain HTTP/1.1\r\n"));
}

TEST(Drain, WaitsUntilNobodyListensAnyMore) {
  Answers server(std::vector{left(2), left(1), left(0)});
  const Said said = drain_of(server, {.until = DrainUntil::ended}, Watched::yes);
  EXPECT_EQ(said.exit, Exit::ok);
  EXPECT_THAT(said.out, testing::MatchesRegex("drained after [0-9.]+ s\n"));
  for (const auto* words : {"draining: 2 sessions left", "draining: 1 session left"})
    EXPECT_THAT(said.errors, HasSubstr(words));
  EXPECT_THAT(server.question(), HasSubstr("GET /api/status HTTP/1.1\r\n"));
}

TEST(Drain, IsOverWhenTheNextProcessAnswers) {
  Answers server(std::vector{left(2), ok(status_body)});
  const Said said = drain_of(server, {.until = DrainUntil::ended});
  EXPECT_EQ(said.exit, Exit::ok);
  EXPECT_EQ(said.errors, "") << "nobody watches";
}

TEST(Drain, WaitsNoLongerThanItIsAllowedTo) {
  using std::chrono::milliseconds;
  Answers server(left(1));
  const Said said = drain_of(server, {.until = DrainUntil::ended, .timeout = milliseconds{0}});
  EXPECT_EQ(said.exit, Exit::failed);
  EXPECT_EQ(said.out, "");
  EXPECT_THAT(said.errors, HasSubstr("not drained within 0.0 s: 1 session left"));
}

TEST(Status, SaysWhatIsWrong) {
  const auto wrong_with = [](std::string answer) {
    Answers server(std::move(answer));
    const Said said = status_of(admin_at(server.port()));
    EXPECT_EQ(said.exit, Exit::failed);
    EXPECT_EQ(said.out, "");
    return said.errors;
  };
  EXPECT_EQ(wrong_with("HTTP/1.1 401 Unauthorized\r\nContent-Length: 14\r\n\r\nshow the token"),
            "orrery: the admin listener answered 401: show the token\n");
  EXPECT_THAT(wrong_with(""), HasSubstr("no answer from the admin listener at 127.0.0.1:"));
  EXPECT_THAT(wrong_with("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"),
              HasSubstr("no answer from the admin listener"));
  EXPECT_THAT(wrong_with("220 mail.example ESMTP\r\n\r\n"), HasSubstr("no answer from"));
  EXPECT_THAT(wrong_with(ok("fine")), HasSubstr("no JSON object"));
}

TEST(Status, SaysWhenNobodyListens) {
  std::uint32_t gone = 0;
  {
    Answers server(ok(status_body));
    gone = server.port();
    (void)status_of(admin_at(gone));
  }
  const Said said = status_of(admin_at(gone));
  EXPECT_EQ(said.exit, Exit::failed);
  EXPECT_THAT(said.errors, HasSubstr("nobody listens there; is the server running"));
}

TEST(Status, SaysThatAnyPortIsNoPort) {
  EXPECT_THAT(status_of(admin_at(0)).errors, HasSubstr("--set admin.port=PORT"));
}

TEST(Status, FindsWhatListensEverywhereAndOnUnixSockets) {
  Answers server(ok(status_body));
  config::Loaded everywhere = admin_at(server.port(), "x");
  everywhere.tree.admin.address = "0.0.0.0";
  EXPECT_EQ(status_of(everywhere).exit, Exit::ok);
  config::Loaded nowhere = admin_at(1);
  nowhere.tree.admin.address = "unix:/nowhere/orrery.sock";
  EXPECT_THAT(status_of(nowhere).errors,
              HasSubstr("at unix:/nowhere/orrery.sock: nobody listens there"));
}

TEST(Status, IsPatientOnlySoLong) {
  net::Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), plain, size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), plain, &size), 0);
  const auto answer = ask_admin({"127.0.0.1", ntohs(address.sin_port), ""},
                                {.patience = std::chrono::milliseconds{50}});
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error(), HasSubstr("it took too long"));
}

TEST(AdminCommands, RefuseABrokenConfiguration) {
  config::Loaded broken;
  broken.errors.push_back({"orrery.json", 1, 2, "admin.port", "found \"x\""});
  const Said said = status_of(broken);
  EXPECT_EQ(said.exit, Exit::refused);
  EXPECT_THAT(said.errors, HasSubstr("orrery.json:1:2: admin.port"));
  EXPECT_THAT(said.errors, HasSubstr("--set admin.port=PORT"));
}

TEST(AdminCommands, AskAllTheSameWhereOnlyOtherKeysAreWrong) {
  Answers server(ok(status_body));
  config::Loaded broken = admin_at(server.port());
  broken.errors.push_back({"orrery.json", 1, 2, "server.port", "found \"x\""});
  broken.admin_known = true;
  const Said said = status_of(broken);
  EXPECT_EQ(said.exit, Exit::ok);
  EXPECT_THAT(said.out, HasSubstr("ready      yes"));
  EXPECT_THAT(said.errors, HasSubstr("orrery.json:1:2: server.port"));
  EXPECT_THAT(said.errors, HasSubstr("asked all the same"));
}

}  // namespace
}  // namespace orrery::cli
