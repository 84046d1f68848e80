// Who may come in: decided before the session exists, answered in the words of HTTP.
#include <orrery/orrery.h>

#include <map>

#include "until_signal.h"

using namespace orrery;

struct User {
  std::string name;
};

class Tokens {
 public:
  [[nodiscard]] std::optional<User> verify(std::string_view token) const {
    const auto found = users_.find(token);
    return found == users_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::string, User, std::less<>> users_{{"open-sesame", {"Ada"}}};
};

// A Feed can only be built from a User: there is no way past admit().
class Feed {
 public:
  explicit Feed(User user) : user_(std::move(user)) {}
  void on_open(Session& client) {
    client.send("welcome, " + user_.name + ": this is " + std::string(client.subprotocol()));
  }
  void on_message(Session& client, Message message) {
    client.send(text({user_.name, " said ", message.text()}));
  }

 private:
  User user_;
};

Admission<User> admit(const Handshake& hello, const Tokens& tokens) {
  const auto user = tokens.verify(hello.request.bearer_token());
  if (!user) return reject(401, "sign in first\n");
  const auto dialect = hello.choose({"feed.v2", "feed.v1"});  // our order of preference
  if (!dialect) return reject(400, "no subprotocol in common\n");
  return accept(*user).speaking(*dialect).until(std::chrono::system_clock::now() + 1h);
}

int main(int argc, char** argv) {
  const Tokens tokens;
  Server server;
  server.websocket<Feed>("/feed").admit(admit, std::cref(tokens));
  return examples::serve_until_signal(server, argc, argv);
}
