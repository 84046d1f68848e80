// A Router finds the entry for a host and a path. Patterns consist of static segments, `:param`
// (one segment that is not empty) and, at the end, `*rest` (what is left, "" included).
//
// Owner   the route table. Built once, then immutable: the names in a Match are views into it.
// Thread  find() from anywhere once it is built.
// Limit   16 parameters in a pattern. A find() visits each node of its tree at most once, whatever
//         the path; it allocates nothing for a route without parameters.
// Why     the most specific route wins, not the first: segment by segment, static before `:param`
//         before `*rest`, so the order of registration never matters.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orrery/result.h"

namespace orrery::http {

/// A parameter's name (a view into the router) and its decoded value. A `*rest` is decoded segment
/// by segment: "%2F" stays as it is in there.
struct PathParam {
  std::string_view name;
  std::string value;
};

struct Match {
  std::uint32_t entry = 0;
  std::vector<PathParam> params;
};

class Router {
 public:
  static constexpr std::size_t param_count = 16;

  /// Adds a route; the same host and pattern give the same entry again. Entries count from 0.
  /// `host` is exact ("example.com"), "*.example.com" (any depth of subdomain, not itself), or ""
  /// for any. Ports don't count. A pattern is written decoded and begins with '/'.
  Result<std::uint32_t> add(std::string_view host, std::string_view pattern);

  /// `host` as in the Host header; `path` as sent (Target::raw_path). Routes of the exact host come
  /// first, then of the longest wildcard, then of any host. A trailing slash is significant.
  [[nodiscard]] std::optional<Match> find(std::string_view host, std::string_view path) const;

  /// The pattern an entry was added with.
  [[nodiscard]] const std::string& pattern(std::uint32_t entry) const {
    return entries_[entry].pattern;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  static constexpr std::uint32_t none = 0xffffffff;

  struct Node {
    std::map<std::string, std::uint32_t, std::less<>> statics;  // segment → node
    std::uint32_t param = none;                                 // node
    std::uint32_t entry = none;                                 // of a pattern that ends here
    std::uint32_t rest_entry = none;  // of a pattern that ends in *rest here
  };
  struct Host {
    std::string name;  // lower case; ".example.com" for a wildcard; "" for any
    std::uint32_t root = none;
  };
  struct Entry {
    std::string host;
    std::string pattern;
    std::vector<std::string> names;
  };
  struct Search;

  Result<std::uint32_t> enter(std::uint32_t& slot, Entry entry);
  std::uint32_t root_of(const std::string& host);
  std::uint32_t new_node();
  [[nodiscard]] bool descend(Search& search, std::uint32_t node,
                             std::optional<std::string_view> left) const;
  [[nodiscard]] std::uint32_t static_child(const Node& node, std::string_view segment) const;
  [[nodiscard]] std::optional<Match> match(const Search& search) const;

  std::vector<Host> hosts_;  // exact ones, then wildcards from long to short, then any
  std::vector<Node> nodes_;
  std::vector<Entry> entries_;
  std::size_t longest_segment_bytes_ = 0;  // of a pattern: what is longer can't match one
};

struct PathValue {
  std::string_view name;
  std::string_view value;
};
/// The reverse: the pattern with its parameters filled in, percent-encoded. An Error says which
/// parameter is missing, empty, unknown to the pattern, or can't stand in a path ("..").
Result<std::string> url_for(std::string_view pattern, std::span<const PathValue> values);

}  // namespace orrery::http
