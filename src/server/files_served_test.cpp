#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::answers_in;
using server::request;
using server::WireClient;
using server::WireServer;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

// A folder with a few files, gone after the test.
class FilesServed : public ::testing::Test {
 protected:
  FilesServed() {
    std::string pattern = (std::filesystem::temp_directory_path() / "orrery-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for the test");
    folder = pattern;
    write("index.html", "home");
    write("page.txt", "0123456789");
    write("docs/index.html", "docs");
    write("big", big);
    write(".hidden", "hidden");
  }
  ~FilesServed() override { std::filesystem::remove_all(folder); }

  void write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << bytes;
  }
  [[nodiscard]] std::function<void(Router&)> routes() const {
    return [this](Router& routes) {
      routes.files("/", folder);
      routes.get("/plain", [](const Request&) { return Response::text("plain"); });
      routes.scope("/members", [this](Router& members) {
        members.plug([](Exchange& exchange) -> std::optional<Response> {
          exchange.set_header("X-Plug", "ran");
          if (exchange.request.header("X-Key") == "right") return std::nullopt;
          return Response::text("members only", 401);
        });
        members.files("/", folder);
      });
      routes.scope("/broken", [this](Router& broken) {
        broken.plug([](Exchange&) -> std::optional<Response> { throw 42; });
        broken.files("/", folder);
      });
    };
  }

  static std::string make_big() {
    std::string bytes;
    for (int i = 0; bytes.size() < 3'000'000; ++i) bytes += std::to_string(i) + " ";
    return bytes;
  }
  const std::string big = make_big();
  std::filesystem::path folder;
};

TEST_F(FilesServed, WithWhatACacheWantsToKnow) {
  TestServer server(routes());
  const auto page = server.get("/page.txt");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "0123456789");
  EXPECT_THAT(page.headers, Contains(Pair("Content-Type", HasSubstr("text/plain"))));
  std::string etag;
  for (const auto& [name, value] : page.headers)
    if (name == "ETag") etag = value;
  EXPECT_EQ(server.get("/page.txt", {.headers = {{"If-None-Match", etag}}}).status, 304);
  const auto part = server.get("/page.txt", {.headers = {{"Range", "bytes=2-4"}}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "234");
  EXPECT_THAT(part.headers, Contains(Pair("Content-Range", "bytes 2-4/10")));
  EXPECT_EQ(server.get("/page.txt", {.headers = {{"Range", "bytes=10-"}}}).status, 416);
  const auto head = server.request("HEAD", "/page.txt");
  EXPECT_EQ(head.body, "");
  EXPECT_THAT(head.headers, Contains(Pair("Content-Length", "10")));
  EXPECT_EQ(server.request("POST", "/page.txt").status, 405);
}

TEST_F(FilesServed, FromFoldersByTheirIndexUnderTheirOwnAddress) {
  TestServer server(routes());
  EXPECT_EQ(server.get("/").body, "home");
  EXPECT_EQ(server.get("/docs/").body, "docs");
  const auto moved = server.get("/docs?x=1");
  EXPECT_EQ(moved.status, 301);
  EXPECT_THAT(moved.headers, Contains(Pair("Location", "./docs/?x=1")));
}

TEST_F(FilesServed, ButNothingAboveOrHidden) {
  TestServer server(routes());
  for (const auto* path : {"/nothing", "/.hidden", "/../page.txt", "/docs/../page.txt",
                           "/%2e%2e/page.txt", "/docs%2f..%2fpage.txt", "//docs", "/page.txt/"})
    EXPECT_EQ(server.get(path).status, 404) << path;
}

TEST_F(FilesServed, OnlyToWhomThePlugsLetPass) {
  TestServer server(routes());
  const auto refused = server.get("/members/page.txt");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body, "members only");
  const auto page = server.get("/members/page.txt", {.headers = {{"X-Key", "right"}}});
  EXPECT_EQ(page.body, "0123456789");
  EXPECT_THAT(page.headers, Contains(Pair("X-Plug", "ran")));
  EXPECT_EQ(server.get("/broken/page.txt").status, 500);
}

TEST_F(FilesServed, InTurnWithOtherAnswers) {
  const std::string bytes = request("GET /plain") + request("GET /page.txt") +
                            request("GET /nothing") + request("GET /plain") +
                            request("GET /page.txt", "Connection: close\r\n") +
                            request("GET /never");
  for (const bool held : {false, true}) {
    WireServer server(routes());
    server.jobs.held = held;
    WireClient alice(server);
    alice.sends(bytes);
    std::string heard = alice.hears();
    if (held) {
      EXPECT_EQ(answers_in(heard), "200 plain\n");
    }
    for (int i = 0; i < 20; ++i) {
      server.jobs.work_off();
      heard += alice.hears();
    }
    EXPECT_EQ(answers_in(heard),
              "200 plain\n200 0123456789\n404 404 Not Found: there is no such file\n\n"
              "200 plain\n200 0123456789\n");
    EXPECT_EQ(alice.state(), net::MemoryState::finished);
    alice.end.finish_writing();
    server.settle();
    EXPECT_TRUE(server.servers[0]->empty());
  }
}

TEST_F(FilesServed, NoFasterThanTheClientReads) {
  WireServer server(routes());
  WireClient alice(server, {.window_bytes = 10'000});
  alice.sends(request("GET /big", "Connection: close\r\n"));
  server.advance(20s);
  std::string heard = alice.hears();
  EXPECT_EQ(answers_in(heard), "200 " + big + "\n");
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
}

// A client that asks for a file before it has read the answers before it.
TEST_F(FilesServed, WhenTheAnswersBeforeThemHaveToWait) {
  for (const auto* file : {"/page.txt", "/nothing", "/big"}) {
    WireServer server(routes());
    server.jobs.held = true;
    WireClient alice(server);
    alice.end.set_window(10);
    alice.sends(request("GET /plain") + request("GET " + std::string(file)));
    alice.end.set_window(1 << 20);  // the first answer leaves while the file is being opened
    std::string heard = alice.hears();
    EXPECT_EQ(answers_in(heard), "200 plain\n");
    for (int i = 0; i < 200; ++i) {
      server.jobs.work_off();
      heard += alice.hears();
    }
    const auto answers = answers_in(heard);
    EXPECT_THAT(answers, testing::StartsWith("200 plain\n"));
    EXPECT_GT(answers.size(), 20U) << file;
  }
}

// The client makes room between two writes of one turn: nobody must wait for a word that never
// comes.
TEST_F(FilesServed, WhenTheClientReadsWithinTheTurn) {
  WireServer server(routes());
  server.jobs.held = true;
  WireClient alice(server, {.window_bytes = 50'000});
  WireClient bob(server);
  alice.sends(request("GET /big"));
  std::string heard;
  for (int i = 0; i < 200; ++i) {
    server.jobs.work_off();
    // Behind the file's piece in the same turn, and before the turn's writes.
    server.loops[0]->post([&] {
      heard += alice.end.read();
      alice.end.set_window(10'000'000);
    });
    server.settle();
    heard += alice.end.read();
    alice.end.set_window(50'000);
  }
  EXPECT_EQ(answers_in(heard), "200 " + big + "\n");
}

TEST_F(FilesServed, ToAClientThatVanishesInTheMidst) {
  for (const bool reset : {false, true}) {
    WireServer server(routes());
    server.jobs.held = true;
    WireClient alice(server, {.window_bytes = 10'000});
    alice.sends(request("GET /big"));
    for (int i = 0; i < 3; ++i) {
      server.jobs.work_off();
      server.settle();
    }
    reset ? alice.end.reset() : alice.end.finish_writing();
    server.settle();
    server.jobs.work_off();
    server.advance(40s);
    EXPECT_TRUE(server.servers[0]->empty());
  }
}

TEST_F(FilesServed, ToTheEndEvenWhenTheServerStops) {
  WireServer server(routes());
  WireClient alice(server, {.window_bytes = 10'000});
  alice.sends(request("GET /big"));
  server.servers[0]->drain(0ms, 0ms);
  EXPECT_EQ(answers_in(alice.hears()), "200 " + big + "\n");
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
}

}  // namespace
}  // namespace orrery
