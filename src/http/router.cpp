#include "http/router.h"

#include <algorithm>
#include <array>

#include "http/characters.h"
#include "http/head.h"
#include "http/route_pattern.h"
#include "http/url.h"

namespace orrery::http {
namespace {

// A Host header's value without port and final dot.
std::string_view host_name(std::string_view host) {
  const auto end = host.starts_with('[') ? host.find(']') : host.find(':');
  if (host.starts_with('[')) return host.substr(0, end == std::string_view::npos ? end : end + 1);
  host = host.substr(0, end);
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

// Whether a host of the table, as Router::Host keeps it, answers to this name.
bool answers_to(std::string_view entry, std::string_view name) {
  if (entry.empty()) return true;
  if (!entry.starts_with('.')) return same_name(entry, name);
  return name.size() > entry.size() && same_name(name.substr(name.size() - entry.size()), entry);
}

// Exact hosts first, then wildcards from long to short, then any.
auto rank(std::string_view entry) {
  const int kind = entry.empty() ? 2 : entry.starts_with('.') ? 1 : 0;
  return std::pair(kind, -static_cast<std::ptrdiff_t>(entry.size()));
}

// A host as Router::Host keeps it.
Result<std::string> host_entry(std::string_view host) {
  auto name = host;
  const bool wildcard = name.starts_with("*.");
  if (wildcard) name.remove_prefix(2);
  const bool plain = is_host(name) && host_name(name) == name &&
                     name.find('*') == std::string_view::npos && (!wildcard || !name.empty());
  if (!plain)
    return Error{"the host \"" + std::string(host) +
                 "\" is neither a name without a port nor \"*.\" and such a name"};
  std::string entry = wildcard ? "." : "";
  for (const char c : name) entry += lower(c);
  return entry;
}

}  // namespace

// What one find() knows on its way down.
struct Router::Search {
  std::array<std::string_view, param_count> values;  // as sent
  std::size_t count = 0;
  std::uint32_t entry = none;
};

Result<std::uint32_t> Router::add(std::string_view host, std::string_view pattern) {
  const auto parsed = parse_pattern(pattern);
  if (!parsed) return Error{parsed.error()};
  auto name = host_entry(host);
  if (!name) return Error{name.error()};
  auto node = root_of(*name);
  Entry entry{std::move(*name), std::string(pattern), {}};
  for (const auto& segment : *parsed) {
    if (segment.kind != PatternSegment::Kind::fixed) entry.names.emplace_back(segment.text);
    if (segment.kind == PatternSegment::Kind::rest)
      return enter(nodes_[node].rest_entry, std::move(entry));
    const bool fixed = segment.kind == PatternSegment::Kind::fixed;
    const auto known = nodes_[node].statics.find(segment.text);
    auto next =
        !fixed ? nodes_[node].param : (known == nodes_[node].statics.end() ? none : known->second);
    if (next == none) {
      next = new_node();
      if (fixed)
        nodes_[node].statics.emplace(segment.text, next);
      else
        nodes_[node].param = next;
    }
    if (fixed) longest_segment_bytes_ = std::max(longest_segment_bytes_, segment.text.size());
    node = next;
  }
  return enter(nodes_[node].entry, std::move(entry));
}

Result<std::uint32_t> Router::enter(std::uint32_t& slot, Entry entry) {
  if (slot == none) {
    slot = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back(std::move(entry));
    return slot;
  }
  if (entries_[slot].names == entry.names) return slot;
  return Error{"the route \"" + entry.pattern + "\" is already there as \"" +
               entries_[slot].pattern + "\": use the same parameter names"};
}

std::uint32_t Router::root_of(const std::string& host) {
  const auto at =
      std::lower_bound(hosts_.begin(), hosts_.end(), host, [](const Host& a, const std::string& b) {
        return std::pair(rank(a.name), std::string_view(a.name)) <
               std::pair(rank(b), std::string_view(b));
      });
  if (at != hosts_.end() && at->name == host) return at->root;
  const auto root = new_node();
  hosts_.insert(at, {host, root});
  return root;
}

std::uint32_t Router::new_node() {
  nodes_.emplace_back();
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::optional<Match> Router::find(std::string_view host, std::string_view path) const {
  if (!path.starts_with('/')) return std::nullopt;
  const auto name = host_name(host);
  for (const auto& entry : hosts_) {
    if (!answers_to(entry.name, name)) continue;
    Search search;
    if (descend(search, entry.root, path.substr(1))) return match(search);
  }
  return std::nullopt;
}

// `left` is what follows the slash behind the current node; nothing if there was no slash. Its
// depth is bounded by the longest pattern.
bool Router::descend(Search& search, std::uint32_t index,
                     std::optional<std::string_view> left) const {
  const auto& node = nodes_[index];
  if (!left) {
    search.entry = node.entry;
    return node.entry != none;
  }
  const auto segment = left->substr(0, left->find('/'));
  std::optional<std::string_view> behind;
  if (segment.size() < left->size()) behind = left->substr(segment.size() + 1);

  const auto child = static_child(node, segment);
  if (child != none && descend(search, child, behind)) return true;
  if (node.param != none && !segment.empty()) {
    search.values[search.count++] = segment;
    if (descend(search, node.param, behind)) return true;
    --search.count;
  }
  if (node.rest_entry == none) return false;
  search.values[search.count++] = *left;
  search.entry = node.rest_entry;
  return true;
}

std::uint32_t Router::static_child(const Node& node, std::string_view segment) const {
  if (node.statics.empty() || segment.size() > 3 * longest_segment_bytes_) return none;
  auto found = node.statics.end();
  if (segment.find('%') == std::string_view::npos) {
    found = node.statics.find(segment);
  } else if (const auto decoded =
                 percent_decode(segment)) {  // "/%65cho" is "/echo": RFC 3986 §6.2.2
    found = node.statics.find(*decoded);
  }
  return found == node.statics.end() ? none : found->second;
}

std::optional<Match> Router::match(const Search& search) const {
  const auto& entry = entries_[search.entry];
  Match result{search.entry, {}};
  result.params.reserve(search.count);
  for (std::size_t i = 0; i < search.count; ++i) {
    const bool rest = i + 1 == search.count && ends_in_rest(entry.pattern);
    auto value = rest ? decode_path(search.values[i]) : percent_decode(search.values[i]);
    if (!value) return std::nullopt;
    result.params.push_back({entry.names[i], std::move(*value)});
  }
  return result;
}

}  // namespace orrery::http
