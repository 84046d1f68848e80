#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "net/descriptors.h"
#include "net/test_certificate.h"
#include "orrery/orrery.h"
#include "server/socket_fixture.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::close_frame;
using server::frames_behind_101;
using server::frames_in;
using server::handshake;
using server::name_of_io;
using server::SocketClient;
using server::tested_io;
using server::text_frame;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void echo(Session& client, Message message) {
  client.send(message);
}

// The same over TLS; it believes every certificate.
class TlsSocketClient final : public SocketClient {
 public:
  explicit TlsSocketClient(std::string_view url)
      : SocketClient(url),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        ssl_(SSL_new(context_.get()), SSL_free) {
    SSL_set_fd(ssl_.get(), fd());
    if (again([&] { return SSL_connect(ssl_.get()); }) != 1)
      throw std::runtime_error("the TLS handshake failed");
  }
  void sends(std::string_view bytes) override {
    again([&] { return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); });
  }

 private:
  ssize_t receive(char* into, std::size_t size) override {
    return again([&] { return SSL_read(ssl_.get(), into, static_cast<int>(size)); });
  }
  // Until nothing interrupts it.
  template <typename Call>
  static int again(Call call) {
    int result = 0;
    do {
      errno = 0;
      result = call();
    } while (result <= 0 && errno == EINTR);
    return result;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

ServerOptions quiet(Io io, std::size_t threads = 1) {
  ServerOptions options;
  options.io = io;
  options.threads = threads;
  options.log = [](LogLevel, std::string_view) {};
  return options;
}

class AServer : public ::testing::TestWithParam<Io> {};
class Starting : public AServer {};
class Stopping : public AServer {};
class AClientThatVanishes : public AServer {};

TEST_P(AServer, EchoesOverTcp) {
  Server server(quiet(GetParam()));
  server.websocket("/echo", echo);
  server.listen("127.0.0.1:0");
  ASSERT_TRUE(server.start());
  ASSERT_EQ(server.addresses().size(), 1U);
  EXPECT_THAT(server.addresses()[0], StartsWith("http://127.0.0.1:"));
  SocketClient alice(server.addresses()[0]);
  alice.sends(handshake("/echo") + text_frame("hello") + close_frame(1000));
  EXPECT_EQ(frames_behind_101(alice.hears()), "text hello\nclose 1000 \n");
}

TEST_P(AServer, IsOneOfSeveralInAProcess) {
  std::vector<std::unique_ptr<Server>> servers;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(std::make_unique<Server>(quiet(GetParam())));
    servers.back()->get("/", [i](const Request&) { return Response::text(std::to_string(i)); });
    servers.back()->listen("127.0.0.1:0");
    ASSERT_TRUE(servers.back()->start());
  }
  servers[0].reset();
  for (int i = 1; i < 3; ++i) {
    SocketClient alice(servers[static_cast<std::size_t>(i)]->addresses()[0]);
    alice.sends(server::request("GET /", "Connection: close\r\n"));
    EXPECT_EQ(server::answers_in(alice.hears()), "200 " + std::to_string(i) + "\n");
  }
}

// Joins a group and says on which thread it lives.
struct Threaded {
  void on_open(Session& client) {
    client.join("all");
    const auto thread = std::hash<std::thread::id>{}(std::this_thread::get_id());
    client.send(std::to_string(thread) + "!");
  }
  void on_message(Session& client, Message message) { client.publish("all", message); }
};

TEST_P(AServer, HasOneLoopPerThreadAndGroupsSpanThem) {
  Server server(quiet(GetParam(), 2));
  server.websocket<Threaded>("/");
  server.listen("127.0.0.1:0");
  ASSERT_TRUE(server.start());
  std::vector<std::unique_ptr<SocketClient>> clients;
  std::set<std::string> threads;
  while (threads.size() < 2 && clients.size() < 200) {
    clients.push_back(std::make_unique<SocketClient>(server.addresses()[0]));
    clients.back()->opens("/");
    threads.insert(clients.back()->hears("!"));
  }
  EXPECT_EQ(threads.size(), 2U);
  clients.front()->sends(text_frame("to everybody"));
  for (auto& client : clients) EXPECT_THAT(client->hears("everybody"), HasSubstr("to everybody"));
}

// All loops accept from one descriptor there, and whoever is awake takes what comes.
TEST_P(AServer, SpreadsTheNewcomersOfAUnixSocket) {
  std::string folder = (std::filesystem::temp_directory_path() / "orrery-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    Server server(quiet(GetParam(), 2));
    server.websocket<Threaded>("/");
    server.listen("unix:" + folder + "/socket");
    ASSERT_TRUE(server.start());
    std::vector<std::unique_ptr<SocketClient>> clients;
    std::map<std::string, std::size_t> sessions;
    for (int i = 0; i < 200; ++i) {
      clients.push_back(std::make_unique<SocketClient>(server.addresses()[0]));
      clients.back()->opens("/");
      ++sessions[clients.back()->hears("!")];
    }
    ASSERT_EQ(sessions.size(), 2U);
    for (const auto& [thread, count] : sessions) EXPECT_GE(count, 50U) << thread;
  }
  std::filesystem::remove_all(folder);
}

TEST_P(AServer, ListensOnUnixSocketsAndTlsToo) {
  const net::TestAuthority authority;
  const auto certificate = authority.issue("localhost");
  std::string folder = (std::filesystem::temp_directory_path() / "orrery-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/chain.pem") << certificate.certificate;
  std::ofstream(folder + "/key.pem") << certificate.key;
  {
    Server server(quiet(GetParam()));
    server.websocket("/echo", echo);
    server.get("/secure", [](const Request& request) {
      return Response::text(std::string(request.secure() ? "yes " : "no ") +
                            request.remote_address());
    });
    server.listen("unix:" + folder + "/socket");
    server.listen("127.0.0.1:0", Tls{folder + "/chain.pem", folder + "/key.pem"});
    const auto started = server.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_EQ(server.addresses()[0], "unix:" + folder + "/socket");
    EXPECT_THAT(server.addresses()[1], StartsWith("https://127.0.0.1:"));
    const auto bytes = handshake("/echo") + text_frame("hello") + close_frame(1000);
    const auto secure = server::request("GET /secure", "Connection: close\r\n");
    SocketClient alice(server.addresses()[0]);
    alice.sends(bytes);
    EXPECT_EQ(frames_behind_101(alice.hears()), "text hello\nclose 1000 \n");
    SocketClient bob(server.addresses()[0]);
    bob.sends(secure);
    EXPECT_EQ(server::answers_in(bob.hears()), "200 no unix\n");
    TlsSocketClient carol(server.addresses()[1]);
    carol.sends(bytes);
    EXPECT_EQ(frames_behind_101(carol.hears()), "text hello\nclose 1000 \n");
    TlsSocketClient dave(server.addresses()[1]);
    dave.sends(secure);
    EXPECT_EQ(server::answers_in(dave.hears()), "200 yes 127.0.0.1\n");
  }
  std::filesystem::remove_all(folder);
}

TEST_P(Starting, FailsWithASentence) {
  Server first(quiet(GetParam()));
  first.listen("127.0.0.1:0");
  ASSERT_TRUE(first.start());
  const auto taken = first.addresses()[0].substr(std::string_view("http://").size());
  const auto error_of = [](const std::string& address, std::optional<Tls> tls = {}) {
    Server server(quiet(GetParam()));
    server.listen(address, std::move(tls));
    const auto started = server.start();
    return started ? std::string("it started") : started.error();
  };
  EXPECT_THAT(error_of(taken), HasSubstr("in use"));
  EXPECT_THAT(error_of("nonsense"), HasSubstr("nonsense"));
  EXPECT_THAT(error_of("unix:/there/is/no/such/folder/socket"), HasSubstr("/there/is/no"));
  EXPECT_THAT(error_of("127.0.0.1:0", Tls{"/no/such/chain.pem", "/no/such/key.pem"}),
              HasSubstr("/no/such/chain.pem"));
  Server nowhere(quiet(GetParam()));
  EXPECT_FALSE(nowhere.start());
  EXPECT_EQ(nowhere.run(), 1);
}

TEST_P(Starting, TwiceIsAnErrorAndHarmsNobody) {
  Server server(quiet(GetParam()));
  server.websocket("/echo", echo);
  server.listen("127.0.0.1:0");
  ASSERT_TRUE(server.start());
  EXPECT_FALSE(server.start());
  EXPECT_EQ(server.addresses().size(), 1U);
  SocketClient alice(server.addresses()[0]);
  alice.opens("/echo");
}

TEST_P(Starting, MayBeTriedAgainOnceThePortIsFree) {
  auto first = std::make_unique<Server>(quiet(GetParam()));
  first->listen("127.0.0.1:0");
  ASSERT_TRUE(first->start());
  const auto taken = first->addresses()[0].substr(std::string_view("http://").size());
  std::string folder = (std::filesystem::temp_directory_path() / "orrery-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    Server second(quiet(GetParam()));
    second.websocket("/echo", echo);
    second.listen("unix:" + folder + "/socket");  // opened before the other one fails
    second.listen(taken);
    ASSERT_FALSE(second.start());
    EXPECT_TRUE(second.addresses().empty());
    first.reset();
    const auto started = second.start();
    ASSERT_TRUE(started) << started.error();
    EXPECT_EQ(second.addresses().size(), 2U);
    for (const auto& address : second.addresses()) SocketClient(address).opens("/echo");
  }
  std::filesystem::remove_all(folder);
}

TEST_P(Stopping, TellsOpenSessionsAndEnds) {
  Server server(quiet(GetParam(), 2));
  std::atomic<int> closed{0};
  server.websocket("/", Callbacks{.on_message = echo, .on_close = [&](Session&, CloseCause cause) {
                                    closed += cause.kind == CloseCause::Kind::drain ? 1 : 100;
                                  }});
  server.listen("127.0.0.1:0");
  ASSERT_TRUE(server.start());
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<SocketClient>(server.addresses()[0]));
    clients.back()->opens("/");
  }
  std::thread stopper([&] { server.stop(); });
  for (auto& client : clients) {
    EXPECT_EQ(frames_in(client->hears("down")), "close 1001 shutting down\n");
    client->sends(close_frame(1001));
    EXPECT_EQ(client->hears(), "");
    client.reset();
  }
  stopper.join();
  server.join();
  EXPECT_EQ(closed, 4);
  server.stop();
  server.join();
}

TEST_P(Stopping, FromACallbackEndsRun) {
  Server server(quiet(GetParam()));
  server.websocket("/", [&](Session&, Message) { server.stop(); });
  server.listen("127.0.0.1:0");
  ASSERT_TRUE(server.start());
  std::vector<std::thread> waiting;  // more than one may wait for the end
  for (int i = 0; i < 3; ++i) waiting.emplace_back([&] { server.join(); });
  SocketClient alice(server.addresses()[0]);
  alice.opens("/");
  alice.sends(text_frame("stop"));
  EXPECT_EQ(frames_in(alice.hears("down")), "close 1001 shutting down\n");
  alice.sends(close_frame(1001));
  EXPECT_EQ(alice.hears(), "");
  alice.breaks_off();
  for (auto& thread : waiting) thread.join();
}

TEST_P(Stopping, BeforeTheStartKeepsItFromStarting) {
  Server server(quiet(GetParam()));
  server.listen("127.0.0.1:0");
  server.stop();
  EXPECT_FALSE(server.start());
  server.join();
}

// Sends 64 KiB to whoever says anything.
void flood(Session& client, Message) {
  client.send(binary(std::string(65'536, 'x')));
}

TEST_P(AClientThatVanishes, DuringASendHarmsNobody) {
  const net::TestAuthority authority;
  const auto certificate = authority.issue("localhost");
  std::string folder = (std::filesystem::temp_directory_path() / "orrery-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/chain.pem") << certificate.certificate;
  std::ofstream(folder + "/key.pem") << certificate.key;
  {
    std::atomic<int> opened{0}, closed{0};
    Server server(quiet(GetParam()));
    server.websocket("/", Callbacks{.on_open = [&](Session&) { ++opened; },
                                    .on_message = flood,
                                    .on_close = [&](Session&, const CloseCause&) { ++closed; }});
    server.listen("127.0.0.1:0");
    server.listen("127.0.0.1:0", Tls{folder + "/chain.pem", folder + "/key.pem"});
    ASSERT_TRUE(server.start());
    for (int i = 0; i < 20; ++i) {
      SocketClient alice(server.addresses()[0]);
      alice.opens("/");
      for (int n = 0; n < 8; ++n) alice.sends(text_frame("more"));
      if (i % 2 == 0) alice.breaks_off();
      TlsSocketClient bob(server.addresses()[1]);
      bob.opens("/");
      for (int n = 0; n < 8; ++n) bob.sends(text_frame("more"));
      if (i % 2 == 0) bob.breaks_off();
    }
    SocketClient carol(server.addresses()[0]);
    carol.opens("/");
    carol.sends(text_frame("more") + close_frame(1000));
    EXPECT_THAT(frames_in(carol.hears()), ::testing::EndsWith("x\nclose 1000 \n"));
    carol.breaks_off();
    server.stop();
    server.join();
    EXPECT_EQ(opened, 41);
    EXPECT_EQ(closed, 41);
  }
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(On, AServer, ::testing::ValuesIn(tested_io()), name_of_io);
INSTANTIATE_TEST_SUITE_P(On, Starting, ::testing::ValuesIn(tested_io()), name_of_io);
INSTANTIATE_TEST_SUITE_P(On, Stopping, ::testing::ValuesIn(tested_io()), name_of_io);
INSTANTIATE_TEST_SUITE_P(On, AClientThatVanishes, ::testing::ValuesIn(tested_io()), name_of_io);

TEST(TheEngine, KeepsDescriptorsForItselfMoreWithEachLoop) {
  const std::uint64_t all = net::descriptor_limit();
  const auto limit = [](ServerOptions options) {
    return server::WireServer([](Router&) {}, std::move(options)).engine.connection_limit();
  };
  EXPECT_EQ(limit({.threads = 1}), all - std::min<std::uint64_t>(all / 2, 70));
  EXPECT_EQ(limit({.threads = 20}), all - std::min<std::uint64_t>(all / 2, 184));
  EXPECT_EQ(limit({.threads = 20, .connections = 3}), 3U);
}

}  // namespace
}  // namespace orrery
