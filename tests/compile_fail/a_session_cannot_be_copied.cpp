// expect: use of deleted function 'orrery::Session::Session(const orrery::Session&)'
#include <orrery/session.h>

void keep(const orrery::Session& session) { auto copy = session; }
