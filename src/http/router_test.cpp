#include "http/router.h"

#include <gtest/gtest.h>

#include <random>

#include "http/naive_router.h"

namespace orrery::http {
namespace {

// "pattern name=value ...", or "nothing".
std::string found(const Router& router, std::string_view path, std::string_view host = "h") {
  const auto match = router.find(host, path);
  if (!match) return "nothing";
  auto text = router.pattern(match->entry);
  for (const auto& [name, value] : match->params) text += " " + std::string(name) + "=" + value;
  return text;
}

Router router_with(std::initializer_list<const char*> patterns) {
  Router router;
  for (const auto* pattern : patterns) EXPECT_TRUE(router.add("", pattern).ok()) << pattern;
  return router;
}

TEST(Router, TheMostSpecificRouteWinsWhateverTheOrder) {
  const auto router = router_with({"/*rest", "/:a", "/rooms", "/rooms/:room", "/rooms/tea",
                                   "/rooms/:room/members", "/rooms/tea/:what", "/rooms/*rest", "/",
                                   "/rooms/tea/cups/", "/caf\xc3\xa9", "/x/:a/:b/z", "/x/y/*rest"});
  const struct {
    const char* name;
    const char* path;
    const char* expected;
  } rows[] = {
      {"the root", "/", "/"},
      {"static before a parameter", "/rooms", "/rooms"},
      {"a parameter", "/other", "/:a a=other"},
      {"static in the second segment", "/rooms/tea", "/rooms/tea"},
      {"a parameter in the second segment", "/rooms/milk", "/rooms/:room room=milk"},
      {"back from a static dead end", "/rooms/tea/members", "/rooms/tea/:what what=members"},
      {"a static end behind a parameter", "/rooms/milk/members", "/rooms/:room/members room=milk"},
      {"the rest of a deeper route first", "/rooms/a/b/c", "/rooms/*rest rest=a/b/c"},
      {"the rest of everything", "/a/b", "/*rest rest=a/b"},
      {"a trailing slash is significant", "/rooms/tea/cups/", "/rooms/tea/cups/"},
      {"and so is its absence", "/rooms/tea/cups", "/rooms/tea/:what what=cups"},
      {"a rest may be empty", "/rooms/", "/rooms/*rest rest="},
      {"a parameter may not", "/x//b/z", "/*rest rest=x//b/z"},
      {"more specific on the left wins", "/x/y/b/z", "/x/y/*rest rest=b/z"},
      {"parameters are decoded", "/rooms/a%20%2F%25b", "/rooms/:room room=a /%b"},
      {"a rest keeps its escaped slashes", "/rooms/a%2Fb/c%20d", "/rooms/*rest rest=a%2Fb/c d"},
      {"escapes don't hide a static route", "/%72ooms/te%61", "/rooms/tea"},
      {"static text above ASCII", "/caf%C3%A9", "/caf\xc3\xa9"},
      {"a broken escape matches nothing", "/rooms/%zz", "nothing"},
      {"a path that is none", "rooms", "nothing"},
      {"the whole server", "*", "nothing"},
  };
  for (const auto& row : rows) EXPECT_EQ(found(router, row.path), row.expected) << row.name;
}

TEST(Router, HostsAreExactOrWildcardsOrAny) {
  Router router;
  const struct {
    const char* host;
    const char* pattern;
  } routes[] = {{"", "/any"},
                {"*.example.com", "/wild"},
                {"*.eu.example.com", "/eu"},
                {"a.example.com", "/exact"},
                {"", "/same"},
                {"*.example.com", "/same"},
                {"[::1]", "/six"}};
  std::vector<std::uint32_t> entries;
  for (const auto& [host, pattern] : routes) entries.push_back(router.add(host, pattern).value());
  EXPECT_EQ(found(router, "/exact", "A.Example.com:8080"), "/exact");
  EXPECT_EQ(found(router, "/exact", "a.example.com."), "/exact");
  EXPECT_EQ(found(router, "/wild", "a.example.com"), "/wild");
  EXPECT_EQ(found(router, "/wild", "b.eu.example.com"), "/wild");
  EXPECT_EQ(found(router, "/eu", "b.eu.example.com"), "/eu");
  EXPECT_EQ(found(router, "/eu", "b.example.com"), "nothing");
  EXPECT_EQ(found(router, "/wild", "example.com"), "nothing");
  EXPECT_EQ(found(router, "/wild", "evilexample.com"), "nothing");
  EXPECT_EQ(found(router, "/any", "a.example.com"), "/any");
  EXPECT_EQ(found(router, "/any", ""), "/any");
  EXPECT_EQ(found(router, "/six", "[::1]:80"), "/six");
  EXPECT_EQ(router.find("b.example.com", "/same")->entry, entries[5]);
  EXPECT_EQ(router.find("example.com", "/same")->entry, entries[4]);
}

TEST(Router, TheSameRouteIsTheSameEntry) {
  Router router;
  const auto first = router.add("", "/a/:x").value();
  EXPECT_EQ(router.add("", "/b").value(), first + 1);
  EXPECT_EQ(router.add("", "/a/:x").value(), first);
  EXPECT_EQ(router.add("H", "/a/:x").value(), first + 2);
  EXPECT_EQ(router.add("h", "/a/:x").value(), first + 2);
  EXPECT_EQ(router.add("", "/a/:y/b").value(), first + 3) << "other names below are no conflict";
  EXPECT_EQ(router.size(), 4U);
}

TEST(Router, SaysWhatIsWrongWithARoute) {
  Router router;
  ASSERT_TRUE(router.add("", "/a/:x").ok());
  ASSERT_TRUE(router.add("", "/f/*path").ok());
  const struct {
    const char* host;
    const char* pattern;
    const char* error;
  } rows[] = {
      {"", "/a/:y",
       "the route \"/a/:y\" is already there as \"/a/:x\": use the same parameter names"},
      {"", "/f/*rest",
       "the route \"/f/*rest\" is already there as \"/f/*path\": use the same parameter names"},
      {"", "a", "the route \"a\" can't be used: it must begin with '/'"},
      {"", "", "the route \"\" can't be used: it must begin with '/'"},
      {"", "/:",
       "the route \"/:\" can't be used: a parameter's name consists of letters, digits and '_'"},
      {"", "/*",
       "the route \"/*\" can't be used: a parameter's name consists of letters, digits and '_'"},
      {"", "/:x/:x", "the route \"/:x/:x\" can't be used: two parameters have the same name"},
      {"", "/*x/y", "the route \"/*x/y\" can't be used: *rest can only be the last segment"},
      {"", "/a?b",
       "the route \"/a?b\" can't be used: white space, control characters, '?' and '#' are no part "
       "of a path"},
      {"", "/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j/:k/:l/:m/:n/:o/:p/:q",
       "the route \"/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j/:k/:l/:m/:n/:o/:p/:q\" can't be used: it has "
       "more than 16 parameters"},
      {"h:80", "/",
       "the host \"h:80\" is neither a name without a port nor \"*.\" and such a name"},
      {"*", "/", "the host \"*\" is neither a name without a port nor \"*.\" and such a name"},
      {"a.*.b", "/",
       "the host \"a.*.b\" is neither a name without a port nor \"*.\" and such a name"},
      {"*.", "/", "the host \"*.\" is neither a name without a port nor \"*.\" and such a name"},
  };
  for (const auto& row : rows) {
    const auto result = router.add(row.host, row.pattern);
    ASSERT_FALSE(result.ok()) << row.pattern;
    EXPECT_EQ(result.error(), row.error);
  }
}

TEST(Router, AgreesWithANaiveOneOnRandomRoutes) {
  constexpr unsigned seed = 20240611;
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t n) { return random() % n; };
  const char* words[] = {"a", "b", "", "%61", ":p", "*r", "c"};
  std::size_t hits = 0;
  for (int round = 0; round < 100; ++round) {
    Router router;
    NaiveRouter naive;
    for (int i = 0; i < 12; ++i) {
      std::string pattern;
      const auto depth = 1 + pick(4);
      for (std::size_t d = 0; d < depth; ++d) {
        const std::string word = words[pick(7)];
        pattern += "/" + (word == ":p" ? word + std::to_string(d) : word == "%61" ? "c" : word);
        if (word == "*r") break;
      }
      ASSERT_TRUE(router.add("", pattern).ok()) << pattern << ", seed " << seed;
      naive.add(pattern);
    }
    for (int i = 0; i < 60; ++i) {
      std::string path;
      const auto depth = 1 + pick(5);
      for (std::size_t d = 0; d < depth; ++d) {
        const std::string word = words[pick(4)];
        path += "/" + word;
      }
      const auto expected = naive.find(path);
      EXPECT_EQ(found(router, path), expected) << path << ", seed " << seed << ", round " << round;
      hits += expected == "nothing" ? 0 : 1;
    }
  }
  EXPECT_GT(hits, 1000U) << "the routes must be met often enough to mean something";
}

TEST(Router, WritesTheUrlOfARoute) {
  const PathValue room[] = {{"room", "a b/%"}};
  EXPECT_EQ(url_for("/rooms/:room", room).value(), "/rooms/a%20b%2F%25");
  const PathValue file[] = {{"room", "tea"}, {"path", "x/y z/"}};
  EXPECT_EQ(url_for("/rooms/:room/files/*path", file).value(), "/rooms/tea/files/x/y%20z/");
  const PathValue no_file[] = {{"path", ""}};
  EXPECT_EQ(url_for("/files/*path", no_file).value(), "/files/");
  EXPECT_EQ(url_for("/caf\xc3\xa9", {}).value(), "/caf%C3%A9");

  const auto error = [](std::string_view pattern, std::vector<PathValue> values) {
    const auto url = url_for(pattern, values);
    return url.ok() ? *url : url.error();
  };
  const std::string bad = "the route \"/r/:room\" can't be used: ";
  EXPECT_EQ(error("/r/:room", {}), bad + "room is missing");
  EXPECT_EQ(error("/r/:room", {{"room", ""}}), bad + "room is empty");
  EXPECT_EQ(error("/r/:room", {{"room", ".."}}), bad + "room can't be \".\" or \"..\"");
  EXPECT_EQ(error("/r/:room", {{"room", "x"}, {"rom", "x"}}), bad + "it has no parameter rom");
  EXPECT_EQ(error("/r/*p", {{"p", "a/../b"}}),
            "the route \"/r/*p\" can't be used: p can't be \".\" or \"..\"");
}

TEST(Router, EveryUrlLeadsBackToItsRoute) {
  const auto router = router_with({"/rooms/:room", "/files/*path"});
  std::string every_byte;
  for (int c = 1; c < 256; ++c) every_byte += static_cast<char>(c);
  const PathValue room[] = {{"room", every_byte}};
  EXPECT_EQ(found(router, *url_for("/rooms/:room", room)), "/rooms/:room room=" + every_byte);
  const PathValue path[] = {{"path", every_byte}};
  EXPECT_EQ(found(router, *url_for("/files/*path", path)), "/files/*path path=" + every_byte);
}

}  // namespace
}  // namespace orrery::http
