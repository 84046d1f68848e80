// The panels below the numbers: gears, pools, ends, losses, nodes, certificates.
import {by_id, element, keep_children, mark, write} from "./dom.js";
import {bytes, cause_in_words, count, drop_in_words, per_second, percent, plural, refusal_in_words,
        short_time} from "./words.js";
import {level_of, make_bar, share_of} from "./bar.js";

const most_pools = 200;
const day_s = 86_400;

// --- Gears --------------------------------------------------------------------------------------

const gear_columns = ["sessions", "in", "out", "p99"];

function make_gear_row([gear]) {
  const cells = gear_columns.map((column) => element("td", {testid: `gear-${column}`}));
  const row = element("tr", {testid: "gear"}, element("th", {text: gear}), ...cells);
  row.firstChild.scope = "row";
  row.dataset.gear = gear;
  return row;
}

function show_gears({newest, history}) {
  by_id("gears-none").hidden = newest.gears.size > 0;
  keep_children(by_id("gears"), [...newest.gears], ([gear]) => gear, make_gear_row,
                (row, [gear, now]) => {
    const [sessions, incoming, outgoing, p99] = row.querySelectorAll("td");
    const of_gear = (key) => (sums) => sums.gears.get(gear)?.[key];
    write(sessions, count(now.sessions), now.sessions);
    const speeds = [history.rate(of_gear("messages_in")), history.rate(of_gear("messages_out"))];
    write(incoming, per_second(speeds[0]), speeds[0]);
    write(outgoing, per_second(speeds[1]), speeds[1]);
    const times = history.callback_times((sums) => sums.gears.get(gear));
    write(p99, short_time(times.p99), times.p99);
  });
}

// --- Pools --------------------------------------------------------------------------------------

const level_words = {full: "full", high: "nearly full", "": ""};
const level_ranks = {full: 2, high: 1, "": 0};

// [{name, sessions, limit, memory, memory_limit, rejected, waiting, level}]: the fullest first.
export function pools_of(metrics) {
  const read = (name) => metrics.sums_by(name, "pool");
  const [limits, sessions] = [read("orrery_pool_limit"), read("orrery_pool_sessions")];
  const [memory, memory_limits] = [read("orrery_memory_bytes"), read("orrery_memory_limit_bytes")];
  const rejected = read("orrery_pool_rejected_total"), waiting = read("orrery_pool_jobs_queued");
  const pools = [...limits].map(([name, limit]) => {
    const pool = {name, limit, sessions: sessions.get(name) ?? 0, memory: memory.get(name) ?? 0,
                  memory_limit: memory_limits.get(name), rejected: rejected.get(name) ?? 0,
                  waiting: waiting.get(name) ?? 0};
    const levels = [level_of(pool.sessions, limit)];
    if (pool.memory_limit !== undefined) levels.push(level_of(pool.memory, pool.memory_limit));
    pool.level = levels.sort((one, other) => level_ranks[other] - level_ranks[one])[0];
    return pool;
  });
  return pools.sort((one, other) => level_ranks[other.level] - level_ranks[one.level]);
}

function make_measure(pool, what) {
  const bar = make_bar(`${what} of pool ${pool}`);
  const words = element("span", {testid: `pool-${what}`, kind: "measure"});
  return {bar, words, line: element("div", {kind: "pool-line"},
                                    element("span", {kind: "what", text: what}), bar, words)};
}

function make_pool({name}) {
  const parts = {sessions: make_measure(name, "sessions"), memory: make_measure(name, "memory"),
                 level: element("span", {kind: "level", testid: "pool-level"}),
                 note: element("p", {kind: "note"})};
  const head = element("h3", {}, element("span", {text: name}), parts.level);
  const item = element("li", {testid: "pool"}, head, parts.sessions.line, parts.memory.line,
                       parts.note);
  item.dataset.pool = name;
  item.parts = parts;
  return item;
}

function renew_measure({bar, words}, value, limit, as_words) {
  const text = `${as_words(value)} of ${as_words(limit)}`;
  bar.show(value, limit, `${text}, ${percent(share_of(value, limit))}`);
  write(words, text, value);
  words.dataset.limit = limit;
}

function renew_pool(item, pool) {
  const {sessions, memory, level, note} = item.parts;
  renew_measure(sessions, pool.sessions, pool.limit, count);
  memory.line.hidden = pool.memory_limit === undefined;
  if (!memory.line.hidden) renew_measure(memory, pool.memory, pool.memory_limit, bytes);
  write(level, level_words[pool.level]);
  mark(item, "level", pool.level);
  const notes = [];
  if (pool.rejected > 0) notes.push(`${plural(pool.rejected, "newcomer")} turned away since start`);
  if (pool.waiting > 0) notes.push(`${plural(pool.waiting, "callback")} waiting for a worker`);
  write(note, notes.join("; "));
  note.hidden = notes.length === 0;
}

function show_pools({pools}) {
  const shown = pools.slice(0, most_pools);
  keep_children(by_id("pools"), shown, ({name}) => name, make_pool, renew_pool);
  const left = pools.length - shown.length;
  write(by_id("pools-note"), pools.length === 0 ? "There is no pool."
                             : left > 0 ? `and ${plural(left, "pool")} with more room` : "");
}

// --- Ends and losses ----------------------------------------------------------------------------

// A table of what was counted by cause: all of it, and the last minute's.
function show_counts(table, testid, counts, history, read, in_words) {
  keep_children(table, counts, ([cause]) => cause, ([cause]) => {
    const name = element("th", {}, element("span", {text: in_words(cause)}),
                         element("code", {text: cause}));
    name.scope = "row";
    const row = element("tr", {testid}, name, element("td", {testid: `${testid}-total`}),
                        element("td", {testid: `${testid}-minute`}));
    row.dataset.cause = cause;
    return row;
  }, (row, [cause, total]) => {
    const [all, minute] = row.querySelectorAll("td");
    write(all, count(total), total);
    const grown = history.growth((sums) => read(sums).get(cause));
    write(minute, count(grown), grown);
    mark(row, "quiet", grown === 0 ? "yes" : "");
  });
}

const not_zero = (counts) => [...counts].filter(([, value]) => value > 0);

// This page may not have looked for a minute yet.
function show_span({history}) {
  const seconds = Math.round(history.length / 1000);
  for (const head of document.querySelectorAll(".span"))
    write(head, seconds < 60 ? `last ${seconds} s` : "last minute");
}

function show_ends({newest, history}) {
  const ends = not_zero(newest.causes);
  by_id("causes-table").hidden = ends.length === 0;
  by_id("causes-none").hidden = ends.length > 0;
  show_counts(by_id("causes"), "cause", ends, history, (sums) => sums.causes, cause_in_words);
}

function show_losses({newest, history}) {
  const drops = not_zero(newest.drops), refusals = not_zero(newest.refusals);
  by_id("drops-panel").hidden = drops.length === 0;
  by_id("refusals-panel").hidden = refusals.length === 0;
  show_counts(by_id("drops"), "drop", drops, history, (sums) => sums.drops, drop_in_words);
  show_counts(by_id("refusals"), "refusal", refusals, history, (sums) => sums.refusals,
              refusal_in_words);
}

// --- Nodes and certificates ---------------------------------------------------------------------

export function node_state({ready, draining}) {
  return ready ? "ready" : draining ? "draining" : "not ready";
}

function show_nodes({status}) {
  keep_children(by_id("nodes"), status.nodes ?? [], ({name}) => name, ({name}) => {
    const row = element("tr", {testid: "node"}, element("th", {text: name}),
                        element("td", {}, element("span", {kind: "state", testid: "node-state"})),
                        element("td", {testid: "node-sessions"}));
    row.firstChild.scope = "row";
    row.dataset.node = name;
    return row;
  }, (row, node) => {
    const [state, sessions] = row.querySelectorAll("[data-testid]");
    write(state, node_state(node));
    mark(state, "state", node_state(node));
    write(sessions, count(node.sessions), node.sessions);
  });
}

// [{certificate, ends_s, left_s}]
function certificates_of(metrics, now_s = Date.now() / 1000) {
  return [...metrics.sums_by("orrery_tls_not_after_seconds", "certificate")].map(
      ([certificate, ends_s]) => ({certificate, ends_s, left_s: ends_s - now_s}));
}

function certificate_in_words({left_s}) {
  if (left_s <= 0) return "has expired";
  return `expires in ${left_s < 2 * day_s ? plural(Math.floor(left_s / 3600), "hour")
                                          : plural(Math.floor(left_s / day_s), "day")}`;
}

// As in ../problems.cpp.
const certificate_is_due = ({left_s}) => left_s < 14 * day_s;

function show_certificates({metrics}) {
  const certificates = certificates_of(metrics);
  by_id("certificates-panel").hidden = certificates.length === 0;
  keep_children(by_id("certificates"), certificates, ({certificate}) => certificate,
                ({certificate}) => element("li", {testid: "certificate"},
                                           element("b", {text: certificate}), element("span")),
                (item, each) => {
    write(item.lastChild, certificate_in_words(each), each.ends_s);
    item.title = new Date(each.ends_s * 1000).toLocaleString();
    mark(item, "level", certificate_is_due(each) ? "high" : "");
  });
}

export function show_panels(seen) {
  show_gears(seen);
  show_pools(seen);
  show_span(seen);
  show_ends(seen);
  show_losses(seen);
  show_nodes(seen);
  show_certificates(seen);
}
