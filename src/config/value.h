// A Value is JSON that remembers where it stood.
//
// Owner   its tree.
// Thread  none: a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace orrery::config {

/// A place in a text, counted from 1; columns count characters. Line 0: nowhere in a text.
struct Place {
  int line = 0;
  int column = 0;
};

struct Member;
struct Value;
using List = std::vector<Value>;
using Object = std::vector<Member>;

/// Text of the command line or the environment: the key decides what it is.
struct Untyped {
  std::string text;
};

struct Value {
  Place at;
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Untyped, List, Object> data;
};

struct Member {
  std::string name;
  Place at;
  Value value;
};

/// How a diagnostic names it: `"abc"`, `7.5`, `true`, `a list`, `an object`.
std::string found(const Value& value);

}  // namespace orrery::config
