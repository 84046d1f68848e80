#include "gears/home/gear.h"

#include "gears/home/page.h"

namespace orrery::gears {
namespace {

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) switch (c) {
      case '&': html += "&amp;"; break;
      case '<': html += "&lt;"; break;
      case '>': html += "&gt;"; break;
      case '"': html += "&quot;"; break;
      default: html += c;
    }
  return html;
}

std::string title_of(const HomeEntry& entry) {
  const auto title = escaped(entry.title);
  if (entry.door != Door::page) return "<h2>" + title + "</h2>";
  return "<h2><a href=\"" + escaped(entry.path) + "\">" + title + "</a></h2>";
}

std::string way_in(const HomeEntry& entry) {
  switch (entry.door) {
    case Door::page: return "<span class=\"go\" aria-hidden=\"true\">open →</span>";
    case Door::socket:
      return "<form class=\"try\" data-path=\"" + escaped(entry.path) + R"("><input )" +
             R"(aria-label="Text to send" value="Hello, Orrery!" data-testid="try-input">)" +
             R"(<button data-testid="try-send">Send</button>)" +
             R"(<output aria-live="polite" data-testid="try-output"></output></form>)";
    case Door::none: break;
  }
  return {};
}

std::string item(const HomeEntry& entry) {
  return "<li>" + title_of(entry) + "<p>" + escaped(entry.description) + "</p><code>" +
         escaped(entry.path) + "</code>" + way_in(entry) + "</li>\n";
}

std::string page_with(const std::vector<HomeEntry>& entries) {
  constexpr std::string_view place = "<!-- entries -->";
  std::string items;
  for (const auto& entry : entries) items += item(entry);
  if (entries.empty()) items = "<li><p>No gear is mounted on this server.</p></li>\n";
  std::string page(home::page);
  page.replace(page.find(place), place.size(), items);
  return page;
}

// Everything is in the page: it may fetch nothing, and connect only to where it came from.
constexpr const char* policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

HomeGear::HomeGear(std::vector<HomeEntry> entries) : page_(page_with(entries)) {}

void HomeGear::routes(Router& routes) {
  routes.get("", [page = page_](const Request&) {
    return Response::html(page)
        .with("Content-Security-Policy", policy)
        .with("Cache-Control", "no-cache");
  });
}

}  // namespace orrery::gears
