// How handlers do what a script asks for, and tell the Book of it: through a Session, through a
// WorkerSession, or as a coroutine.
//
// Owner   none: functions.
// Thread  the session's loop's, or the worker's.
#pragma once

#include <string>

#include "book.h"

namespace orrery::simulation {

/// Does everything that does not wait.
void perform(Book& book, Record& record, Session& session, const Script& script);
void perform(Book& book, Record& record, WorkerSession& session, const Script& script);
/// And what waits too.
Task<> perform_all(Session& session, Book& book, Record& record, Script script);

/// What a session does when it opens, and when it ends.
[[nodiscard]] inline std::string first_script(Number number) {
  return "open" + std::to_string(number);
}
[[nodiscard]] inline std::string last_script(Number number) {
  return "end" + std::to_string(number);
}

/// While it lives, a callback runs.
class InCallback {
 public:
  InCallback(Book& book, Record& record, const char* name) : book_(book), record_(record) {
    book_.enters(record_, name);
  }
  InCallback(const InCallback&) = delete;
  InCallback& operator=(const InCallback&) = delete;
  ~InCallback() { book_.leaves(record_); }

 private:
  Book& book_;
  Record& record_;
};

/// A coroutine's stay in its session; it knows when the frame is destroyed.
class Stay {
 public:
  Stay(Book& book, Record& record) : book_(book), record_(record) {}
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;
  ~Stay() {
    record_.suspended = false;
    record_.in_callback = false;
  }
  void enters(const char* callback) { book_.enters(record_, callback); }
  void leaves() {
    book_.leaves(record_);
    record_.opening = false;
  }

 private:
  Book& book_;
  Record& record_;
};

/// The stay of an admission that waits.
class AdmissionStay {
 public:
  AdmissionStay(Book& book, Record& record) : record_(record) { book.asks(record_); }
  AdmissionStay(const AdmissionStay&) = delete;
  AdmissionStay& operator=(const AdmissionStay&) = delete;
  ~AdmissionStay() { --record_.admissions; }

 private:
  Record& record_;
};

}  // namespace orrery::simulation
