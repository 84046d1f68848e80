// What to write into the log about an exception that came out of user code.
#pragma once

#include <exception>
#include <string>

namespace orrery {

/// Its what(), or a phrase for what is no std::exception.
inline std::string what_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "something that is no std::exception";
  }
}

}  // namespace orrery
