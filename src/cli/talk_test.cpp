#include "cli/talk.h"

#include <gmock/gmock.h>

#include "cli/client_fixture.h"

namespace orrery::cli {
namespace {

using testing::HasSubstr;

class TalkTest : public ClientFixture, protected TalkEvents {
 protected:
  void open(websocket::Opcode opcode = websocket::Opcode::text) {
    talk = std::make_unique<Talk>(opcode, random, static_cast<TalkEvents&>(*this));
    plan.target = *parse_target("ws://orrery.test:7512/echo");
    talk->open(*dialer.dial(), plan);
  }
  void open_and_accept(websocket::Opcode opcode = websocket::Opcode::text) {
    open(opcode);
    server().accepts();
    story.clear();
  }
  // What was told since the last call.
  std::string told() {
    server().turn();
    return std::exchange(story, {});
  }

  void on_message_line(std::string_view line) override { story += "< " + std::string(line) + "\n"; }
  void on_note(std::string_view text) override { story += "* " + std::string(text) + "\n"; }
  void on_talk_open() override { story += "open\n"; }
  void on_talk_room() override {}
  void on_talk_end(bool well) override { story += well ? "end\n" : "end: failed\n"; }

  OpeningPlan plan{};
  std::unique_ptr<Talk> talk{};
  std::string story{};
};

TEST_F(TalkTest, AsksForASessionAsTheRfcSays) {
  plan.headers = {"Authorization: Bearer x", "Origin: https://a.example"};
  plan.protocols = {"feed.v2", "feed.v1"};
  open();
  const std::string request = server().accepts("Sec-WebSocket-Protocol: feed.v1\r\n");
  EXPECT_THAT(request, testing::StartsWith("GET /echo HTTP/1.1\r\nHost: orrery.test:7512\r\n"));
  for (const char* line :
       {"Upgrade: websocket\r\n", "Connection: Upgrade\r\n", "Sec-WebSocket-Version: 13\r\n",
        "Authorization: Bearer x\r\n", "Sec-WebSocket-Protocol: feed.v2, feed.v1\r\n"})
    EXPECT_THAT(request, HasSubstr(line));
  EXPECT_EQ(told(), "* connected, subprotocol feed.v1\nopen\n");
}

TEST_F(TalkTest, AHostOfTheUsersTakesThePlaceOfOurs) {
  plan.headers = {"host: other.example"};
  open();
  EXPECT_EQ(server().hears().find("Host: orrery"), std::string::npos);
}

TEST_F(TalkTest, SaysLinesAndHearsMessages) {
  open_and_accept();
  talk->say("hello");
  talk->say("/ping is no command here");
  EXPECT_EQ(server().hears_frames(), "text hello\ntext /ping is no command here\n");
  server().sends_text("αβγ");
  server().sends_frame(websocket::Opcode::binary, std::string_view("\x00\xff", 2));
  server().sends_frame(websocket::Opcode::binary, std::string(100, 'a'));
  EXPECT_THAT(told(), testing::MatchesRegex("< αβγ\n< binary, 2 bytes: 00 ff\n"
                                            "< binary, 100 bytes: 61 61 .* \\.\\.\\.\n"));
}

TEST_F(TalkTest, SendsBinaryWhenToldTo) {
  open_and_accept(websocket::Opcode::binary);
  talk->say("\xff\xfe");
  EXPECT_EQ(server().hears_frames(), "binary \xff\xfe\n");
}

TEST_F(TalkTest, DoesNotSendWhatIsNoText) {
  open_and_accept();
  talk->say("\xff");
  EXPECT_EQ(server().hears_frames(), "");
  EXPECT_THAT(told(), HasSubstr("--binary"));
}

TEST_F(TalkTest, MasksEveryFrameAnew) {
  open_and_accept();
  talk->say("same");
  talk->say("same");
  const std::string bytes = server().hears();
  ASSERT_EQ(bytes.size(), 20u);
  EXPECT_NE(bytes.substr(2, 4), bytes.substr(12, 4));
}

TEST_F(TalkTest, ObeysCommands) {
  open_and_accept();
  struct Row {
    const char *line, *frames, *notes;
  };
  const Row rows[] = {
      {"hello", "text hello\n", ""},
      {"//slash", "text /slash\n", ""},
      {"/ping", "ping \n", ""},
      {"/ping are you there", "ping are you there\n", ""},
      {"/pong x", "pong x\n", ""},
      {"/hex 61 6263", "binary abc\n", ""},
      {"/hex 6", "", "pairs of hex digits"},
      {"/hex zz", "", "pairs of hex digits"},
      {"/close 1005", "", "3000 to 4999"},
      {"/close x", "", "3000 to 4999"},
      {"/clsoe", "", "/clsoe is no command: /ping"},
      {"/help", "", "/close [CODE [REASON]]"},
  };
  for (const auto& row : rows) {
    talk->obey(row.line);
    EXPECT_EQ(server().hears_frames(), row.frames) << row.line;
    EXPECT_THAT(told(), HasSubstr(row.notes)) << row.line;
  }
  talk->obey("/ping " + std::string(126, 'x'));
  EXPECT_THAT(told(), HasSubstr("at most 125 bytes"));
}

TEST_F(TalkTest, AnswersPingsAndShowsThem) {
  open_and_accept();
  server().sends_frame(websocket::Opcode::ping, "tick");
  server().sends_frame(websocket::Opcode::pong, "");
  EXPECT_EQ(told(), "* ping \"tick\"\n* pong\n");
  EXPECT_EQ(server().hears_frames(), "pong tick\n");
}

TEST_F(TalkTest, EndsWellWhenTheServerAnswersOurClose) {
  open_and_accept();
  talk->obey("/close 4001 see you");
  talk->say("too late");
  EXPECT_EQ(server().hears_frames(), "close 4001 see you\n");
  server().sends_close(4001, "see you");
  EXPECT_EQ(told(), "* closed with 4001 \"see you\"\nend\n");
}

TEST_F(TalkTest, TellsHowTheServerEndsIt) {
  struct Row {
    std::uint16_t code;
    const char *reason, *told, *answer;
  };
  const Row rows[] = {
      {1000, "", "* closed with 1000\nend\n", "close 1000 \n"},
      {1001, "draining", "* closed with 1001 \"draining\"\nend: failed\n", "close 1001 \n"},
      {0, "", "* closed without a code\nend: failed\n", "close\n"},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    open();
    server(i).accepts();
    story.clear();
    server(i).sends_close(rows[i].code, rows[i].reason);
    EXPECT_EQ(told(), rows[i].told);
    EXPECT_EQ(server(i).hears_frames(), rows[i].answer);
    EXPECT_EQ(server(i).end().state(), net::MemoryState::finished);
  }
}

TEST_F(TalkTest, TellsOfAConnectionThatIsLost) {
  open_and_accept();
  server().end().reset();
  EXPECT_THAT(told(), HasSubstr("* lost: the server broke the connection off\nend: failed\n"));
}

TEST_F(TalkTest, EndsAServerThatBreaksTheRules) {
  open_and_accept();
  server().sends_frame(websocket::Opcode::text, "masked", {.mask = websocket::MaskKey{1, 2, 3, 4}});
  EXPECT_THAT(told(), HasSubstr("the server broke the protocol"));
  EXPECT_THAT(server().hears_frames(), testing::StartsWith("close 1002"));
}

TEST_F(TalkTest, GivesUpWhenTheServerDoesNotAnswer) {
  open_and_accept();
  talk->close();
  talk->give_up();
  talk->give_up();
  EXPECT_EQ(told(), "* the server did not answer the close\nend: failed\n");
}

TEST_F(TalkTest, SaysWhyItWasRefusedAndWhatToDo) {
  struct Row {
    const char *answer, *told;
  };
  const Row rows[] = {
      {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 13\r\n\r\nsign in first",
       "401 Unauthorized: it wants to know who you are: say --header \"Authorization"},
      {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 13\r\n\r\nsign in first", "\nsign in first"},
      {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "Origin"},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "check the path"},
      {"HTTP/1.1 302 Found\r\nLocation: wss://b/\r\nContent-Length: 0\r\n\r\n",
       "connect to wss://b/ instead"},
      {"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
       "503 Busy: try again after 7 s"},
      {"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 6\r\n\r\nasleep",
       "refused with 503 Busy: asleep; try again after 1 s\n"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "it answered with a page"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Accept: wrong\r\n\r\n",
       "Sec-WebSocket-Accept"},
      {"SSH-2.0-OpenSSH\r\n\r\n", "is this a WebSocket server"},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    open();
    server(i).hears();
    server(i).sends(rows[i].answer);
    const std::string said = told();
    EXPECT_THAT(said, HasSubstr(rows[i].told)) << rows[i].answer;
    EXPECT_THAT(said, testing::EndsWith("end: failed\n"));
  }
}

TEST_F(TalkTest, TellsWhenTheServerHangsUpBeforeItHasAnswered) {
  open();
  server().end().finish_writing();
  EXPECT_THAT(told(), HasSubstr("hung up before it had answered"));
  open();
  server(1).hears();
  server(1).sends("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nshort");
  server(1).end().finish_writing();
  EXPECT_THAT(told(), HasSubstr("403")) << "a body that is cut short still says no";
}

TEST_F(TalkTest, TakesWhatComesBehindTheAnswerInOnePiece) {
  open();
  const std::string key = PlayedServer::header(server().hears(), "Sec-WebSocket-Key");
  server().sends(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      websocket::accept_key(key) + "\r\n\r\n" +
      websocket::encode_frame(websocket::Opcode::text, "welcome"));
  EXPECT_EQ(told(), "* connected\nopen\n< welcome\n");
}

TEST_F(TalkTest, CompressesBothWaysWhereTheServerAgrees) {
  plan.compression.emplace();
  open();
  const std::string request = server().accepts(
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n");
  EXPECT_THAT(request, HasSubstr("Sec-WebSocket-Extensions: permessage-deflate"));
  EXPECT_EQ(told(), "* connected, permessage-deflate\nopen\n");

  websocket::DeflateEngine engine;
  const std::string line(300, 'x');
  server().sends_frame(websocket::Opcode::text, engine.compress(line), {.compressed = true});
  server().sends_text("plain");
  EXPECT_EQ(told(), "< " + line + "\n< plain\n");

  talk->say("short");
  EXPECT_EQ(server().hears_frames(), "text short\n");
  talk->say(line);
  const std::string sent = server().hears();
  EXPECT_LT(sent.size(), line.size() / 2);
  websocket::Endpoint peer(websocket::Role::server, 1 << 20,
                           std::make_unique<websocket::Deflate>(engine, websocket::Role::server,
                                                                websocket::DeflateParams{}));
  EXPECT_EQ(websocket::transcript_of(peer, {sent}), "text " + line + "\n");
}

TEST_F(TalkTest, TalksPlainlyToAServerThatDoesNotCompress) {
  plan.compression.emplace();
  open();
  server().accepts();
  EXPECT_EQ(told(), "* connected\nopen\n");
  const std::string line(300, 'x');
  talk->say(line);
  EXPECT_EQ(server().hears_frames(), "text " + line + "\n");
}

TEST_F(TalkTest, RefusesASubprotocolThatWasNotOffered) {
  plan.protocols = {"a"};
  open();
  server().accepts("Sec-WebSocket-Protocol: b\r\n");
  EXPECT_THAT(told(), HasSubstr("subprotocol that was not offered"));
}

}  // namespace
}  // namespace orrery::cli
