#include "cli/help.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "cli/bench_options.h"
#include "cli/connect_options.h"

namespace orrery::cli {
namespace {

constexpr std::string_view all = R"(Orrery: a WebSocket application server.

usage: orrery COMMAND [--config FILE] [--set KEY=VALUE]...

  serve                 runs the server: `listening URL` per listener to stdout, its log to stderr;
                        SIGTERM drains it, SIGINT does so at once, a second signal ends it
  drain [--wait]        tells the server that runs to say goodbye to its clients, and end
  reload                lets the server that runs read its configuration and certificates again
  status [--json]       says how the server that runs is doing
  kick ID               closes one session (4002); the dashboard and /api/sessions tell its ID
  connect URL           talks to a WebSocket: lines in, frames out
  bench URL             loads a server and says how it does
  routes                says what is served where, and with which limits
  doctor                says whether this machine can carry the server, and how to mend it
  new-gear NAME [DIR]   writes a project for a gear of your own, in ./NAME
  config check          says everything that is wrong with the configuration
  config defaults       prints a configuration file with every key, explained
  config explain KEY    says what a key means and accepts, and what it is now
  config schema         prints the JSON schema of the file, for editors
  version               prints the version

  --config FILE         the configuration; else ./orrery.json, else /etc/orrery/orrery.json
  --set KEY=VALUE       sets one key, over the environment (ORRERY_SERVER__PORT=8080) and the file
  --help, --version     prints this, or the version; `orrery COMMAND --help`: the command's page

Exit status: 0 all is well; 2 the command or the configuration is wrong; 1 it failed, which means of
  serve                 it could not start, a second signal ended it, or a callback did not return
  drain, reload ...     no server answered, or it refused; drain --wait: not drained in time
  doctor                a check says fail
  connect, bench        no session, or it broke without a goodbye
)";

// Of the commands that read the configuration.
constexpr std::string_view where_it_is = R"(
  --config FILE     the configuration; else ./orrery.json, else /etc/orrery/orrery.json
  --set KEY=VALUE   sets one key, over the environment (ORRERY_SERVER__PORT=8080) and the file;
                    repeatable
)";

enum class Reads : std::uint8_t { nothing, configuration };

// `where_it_is` stands between the two texts.
struct Page {
  std::string_view name;
  Reads reads = Reads::nothing;
  std::string_view about;
  std::string_view end;
};

constexpr Page serve{"serve", Reads::configuration, R"(usage: orrery serve [OPTION]...

Runs the server until it has drained. `listening URL` for each listener and `admin URL` go to stdout
when clients can connect, the log goes to stderr. SIGTERM drains it, SIGINT does so without a
spread, a second signal ends it at once; SIGHUP reads configuration and certificates again.
)",
                     R"(
Exit status: 0 it has drained; 1 it could not start, a second signal ended it, or a callback did not
return; 2 the configuration is wrong.
Example: orrery serve --config orrery.json --set server.port=8080
)"};

constexpr Page drain{"drain", Reads::configuration, R"(usage: orrery drain [OPTION]...

Tells the server that runs to say goodbye to its clients and to end, as SIGTERM does. It is found by
admin.* of the configuration.

  --wait            returns when the server has drained: nobody answers at its admin listener any
                    more. At a terminal it shows meanwhile how many sessions are left
  --timeout TIME    how long that may take: 500ms, 30s, 2m (default drain.deadline and 5s)
)",
                     R"(
Exit status: 0 the drain has begun, with --wait it has ended; 1 no server answered, it refused, or
it has not drained in time, and goes on draining; 2 the command or the configuration is wrong.
Example: orrery drain --wait --timeout 1m && systemctl start orrery
)"};

constexpr Page reload{"reload", Reads::configuration, R"(usage: orrery reload [OPTION]...

Lets the server that runs read its configuration and its certificates again, as SIGHUP does, and
says which keys act from now on, and which need a restart. A mistake changes nothing.
)",
                      R"(
Exit status: 0 done; 1 no server answered, or it goes on with its old configuration; 2 the command
or the configuration is wrong, and no server was asked.
Example: orrery reload --config /etc/orrery/orrery.json
)"};

constexpr Page status{"status", Reads::configuration, R"(usage: orrery status [--json] [OPTION]...

Says how the server that runs is doing: one line per fact, then one per problem, the worst first, as
the dashboard says them. It is found by admin.* of the configuration.

  --json            the answer of /api/status as it comes
)",
                      R"(
Exit status: 0 it answered, whatever it said; 1 no server answered, or it refused; 2 the command or
the configuration is wrong.
Example: orrery status --set admin.port=7600
)"};

constexpr Page kick{"kick", Reads::configuration, R"(usage: orrery kick ID [OPTION]...

Closes one session of the server that runs, with 4002. The dashboard, /api/sessions and the log tell
its ID.
)",
                    R"(
Exit status: 0 it is told to go; 1 there is no such session, or no server answered; 2 that is no ID,
or the configuration is wrong.
Example: orrery kick 0.17.3
)"};

constexpr Page routes{"routes", Reads::configuration, R"(usage: orrery routes [OPTION]...

Says what would be served where with this configuration, in which pool and with which limits. No
server needs to run.
)",
                      R"(
Exit status: 0; 2 the command or the configuration is wrong.
Example: orrery routes --config orrery.json
)"};

constexpr Page doctor{"doctor", Reads::configuration, R"(usage: orrery doctor [OPTION]...

Says whether this machine can carry the server with this configuration (descriptors, queues, ports,
certificates, clock ...), one line per check, and how to mend what can't.
)",
                      R"(
Exit status: 0 no check fails; 1 one does; 2 the command or the configuration is wrong.
Example: orrery doctor --config /etc/orrery/orrery.json
)"};

constexpr Page new_gear{"new-gear", Reads::nothing, R"(usage: orrery new-gear NAME [DIR]

Writes a project for a gear of your own: a handler, its test, and what builds both against the
installed package.

  NAME              of the gear: small letters, digits and _
  DIR               a folder that is not there yet (default ./NAME)
)",
                        R"(
Exit status: 0 it is written; 1 it could not be; 2 the name does not fit, or a word is missing.
Example: orrery new-gear tea_room
)"};

constexpr Page config_group{"config", Reads::configuration,
                            R"(usage: orrery config COMMAND [OPTION]...

  check             says everything that is wrong with the configuration
  defaults          prints a configuration file with every key, explained
  explain KEY       says what a key means and accepts, and what it is now
  schema            prints the JSON schema of the file, for editors
)",
                            R"(
Exit status: 0 all is well; 2 the command or the configuration is wrong.
Example: orrery config defaults > orrery.json
)"};

constexpr Page check{"config check", Reads::configuration, R"(usage: orrery config check [OPTION]...

Says everything that is wrong with the configuration, as FILE:LINE:COL: KEY: what was found, and
what is accepted; certificates are read as `orrery serve` would. Warnings are marked as such.
)",
                     R"(
Exit status: 0 `orrery serve` would take it, whatever the warnings; 2 it would not.
Example: orrery config check --config orrery.json
)"};

constexpr Page defaults{"config defaults", Reads::nothing, R"(usage: orrery config defaults

Prints a configuration file with every key, its default and what it means. Delete what you don't
change.
)",
                        R"(
Exit status: 0.
Example: orrery config defaults > orrery.json
)"};

constexpr Page explain{"config explain", Reads::configuration,
                       R"(usage: orrery config explain KEY [OPTION]...

Says what a key means and accepts, its default, what it is in this configuration, and where it was
set: the file with line and column, a variable of the environment, or --set. Secrets are not shown.

  KEY               such as server.port; its last name alone, if no other key ends with it; or a
                    group of keys, such as drain
)",
                       R"(
Exit status: 0; 2 there is no such key.
Example: orrery config explain server.protocols.websocket.idleTimeout
)"};

constexpr Page schema{"config schema", Reads::nothing, R"(usage: orrery config schema

Prints the JSON schema (2020-12) of the configuration file: editors complete and check keys with it.
)",
                      R"(
Exit status: 0.
Example: orrery config schema > orrery.schema.json
)"};

constexpr Page version{"version", Reads::nothing, R"(usage: orrery version

Prints the version, as --version does.
)",
                       R"(
Exit status: 0.
Example: orrery version
)"};

constexpr std::array pages = {serve,    drain,        reload, status,   kick,    routes, doctor,
                              new_gear, config_group, check,  defaults, explain, schema, version};

}  // namespace

std::string help_text(std::string_view about) {
  if (about == "connect") return std::string(connect_help());
  if (about == "bench") return std::string(bench_help());
  const auto* const page = std::ranges::find(pages, about, &Page::name);
  if (page == pages.end()) return std::string(all);
  std::string text(page->about);
  if (page->reads == Reads::configuration) text += where_it_is;
  return text.append(page->end);
}

std::vector<std::string_view> help_pages() {
  std::vector<std::string_view> names = {"connect", "bench"};
  for (const Page& page : pages) names.push_back(page.name);
  return names;
}

}  // namespace orrery::cli
