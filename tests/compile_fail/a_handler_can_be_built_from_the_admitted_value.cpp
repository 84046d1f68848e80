// expect: this handler can be built neither from the admitted value
#include <orrery/orrery.h>

struct User {};
struct Feed {
  Feed(User, int);
  void on_message(orrery::Session&, orrery::Message) {}
};

orrery::Admission<User> admit(const orrery::Handshake&) { return orrery::accept(User{}); }

void routes(orrery::Router& router) { router.websocket<Feed>("/feed").admit(admit); }
