#include "config/forms.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

#include "config/tree.h"

namespace orrery::config {
namespace {

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [more](char byte) {
    return letters_and_digits.find(byte) != more.npos || more.find(byte) != more.npos;
  });
}

bool has_no_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) > ' '; });
}

bool is_ip(std::string_view text, int family) {
  unsigned char bytes[16];
  return inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

bool is_number_up_to(std::string_view text, unsigned most) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number <= most;
}

bool is_path(std::string_view text) {
  return text.find('\0') == text.npos;
}

bool is_bracketed_ip(std::string_view text) {
  return text.starts_with('[') && text.ends_with(']') &&
         is_ip(text.substr(1, text.size() - 2), AF_INET6);
}

// Not a descriptor: that is for programs of one's own; here "systemd" finds them.
bool is_place_without_port(std::string_view text) {
  constexpr std::string_view unix_socket = "unix:", passed = "systemd:";
  if (text.starts_with(unix_socket)) {
    const auto bytes = text.size() - unix_socket.size();
    return bytes > 0 && bytes < sizeof sockaddr_un::sun_path && is_path(text);
  }
  if (text.starts_with(passed)) return text.size() > passed.size() && has_no_blank(text);
  return text == "systemd" || text == "*" || text == "localhost" || is_ip(text, AF_INET) ||
         is_ip(text, AF_INET6) || is_bracketed_ip(text);
}

bool is_listen_address(std::string_view text) {
  if (is_place_without_port(text)) return true;
  const auto colon = text.rfind(':');
  if (colon == text.npos || !is_number_up_to(text.substr(colon + 1), 65'535)) return false;
  const std::string_view host = text.substr(0, colon);
  return host == "*" || host == "localhost" || is_ip(host, AF_INET) || is_bracketed_ip(host);
}

// A name, or an IPv6 address in brackets.
bool is_host(std::string_view text) {
  return is_bracketed_ip(text) || (!text.starts_with('.') && consists_of(text, ".-_"));
}

bool is_origin(std::string_view text) {
  if (text == "same-origin" || text == "allow-any-origin") return true;
  const auto scheme_end = text.find("://");
  if (scheme_end == text.npos || !consists_of(text.substr(0, scheme_end), "+-.")) return false;
  std::string_view host = text.substr(scheme_end + 3);
  const auto bracket = host.find(']');
  const auto colon = host.find(':', bracket == host.npos ? 0 : bracket);
  if (colon != host.npos) {
    const std::string_view port = host.substr(colon + 1);
    const bool zero = port.find_first_not_of('0') == port.npos;
    if (zero || !is_number_up_to(port, 65'535)) return false;
  }
  host = host.substr(0, colon);
  const bool wildcard = host.starts_with("*.");
  if (wildcard) host.remove_prefix(2);
  return is_host(host) && !(wildcard && is_bracketed_ip(host));
}

bool is_network(std::string_view text) {
  if (text == "unix:") return true;
  const auto slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const bool four = is_ip(address, AF_INET);
  if (!four && !is_ip(address, AF_INET6)) return false;
  return slash == text.npos || is_number_up_to(text.substr(slash + 1), four ? 32 : 128);
}

bool is_mount(std::string_view text) {
  return text == "/" || (text.starts_with("/") && !text.ends_with("/") && has_no_blank(text) &&
                         text.find_first_of("?#") == text.npos && text.find("/:") == text.npos &&
                         text.find("/*") == text.npos);
}

bool is_tls_version(std::string_view text) {
  return text == "1.2" || text == "1.3";
}

bool is_gear(std::string_view text) {
  return std::find(std::begin(gear_names), std::end(gear_names), text) != std::end(gear_names);
}

bool is_pool(std::string_view text) {
  if (text.starts_with("gear:")) return is_gear(text.substr(5));
  return text.starts_with("tenant:") && consists_of(text.substr(7), "-_");
}

bool is_host_pattern(std::string_view text) {
  if (text.starts_with("*.")) return is_host(text.substr(2)) && !is_bracketed_ip(text.substr(2));
  return is_host(text);
}

bool is_redacted_name(std::string_view text) {
  return !text.empty();
}

}  // namespace

constinit const Form any_text{"text", nullptr};
constinit const Form secret_text{"text", nullptr, {}, true};
constinit const Form file_path{"the path of a file, or \"\" for none", is_path};
constinit const Form listen_address{
    "an address such as \"0.0.0.0\", \"[::1]:8080\", \"unix:/run/orrery.sock\" or \"systemd\"",
    is_listen_address};
constinit const Form host_address{"an address without a port, such as \"127.0.0.1\"",
                                  is_place_without_port};
constinit const Form origin{
    "\"same-origin\", an origin such as \"https://example.com\" or \"https://*.example.com\", or "
    "\"allow-any-origin\"",
    is_origin};
constinit const Form network{"a network such as \"10.0.0.0/8\" or \"::1\", or \"unix:\"",
                             is_network};
constinit const Form mount_path{
    "a path such as \"/\" or \"/chat\", without parameters and without a slash at its end",
    is_mount};
constinit const Form tls_version{"\"1.2\" or \"1.3\"", is_tls_version};
constinit const Form gear_name{"the name of a gear: \"echo\", \"chat\" or \"realtime\"", is_gear,
                               gear_names};
constinit const Form pool_name{
    "\"gear:NAME\" with the name of a gear, or \"tenant:ID\" with letters, digits, - and _",
    is_pool};
constinit const Form redacted_name{"the name of a query parameter", is_redacted_name};
constinit const Form host_pattern{
    "a host without a port, such as \"example.com\" or \"*.example.com\"", is_host_pattern};

bool is_loopback(std::string_view address) {
  return address == "localhost" || address == "::1" || address == "[::1]" ||
         address.starts_with("unix:") || (address.starts_with("127.") && is_ip(address, AF_INET));
}

}  // namespace orrery::config
