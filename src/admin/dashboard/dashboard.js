// Wires the page together: every second the node says how it is, and all parts show it.
import {announce, by_id, mark, write} from "./dom.js";
import {has_token, use_token} from "./api.js";
import {Live} from "./live.js";
import {Metrics} from "./metrics.js";
import {History, digest} from "./history.js";
import {show_numbers} from "./numbers.js";
import {pools_of, node_state, show_panels} from "./panels.js";
import {show_attention} from "./attention.js";
import {make_drain, show_drain} from "./drain.js";
import {make_sessions, offer_choices, sessions_are_live} from "./sessions.js";
import {make_tap, tap, tap_again, tap_is_lost, tap_receivers} from "./tap.js";
import {count, plural} from "./words.js";

const history = new History();

function show_node({version, loops, ...status}, sessions) {
  write(by_id("node"), `${version}, ${plural(loops, "loop")}`);
  write(by_id("node-state"), node_state(status));
  mark(by_id("node-state"), "state", node_state(status));
  by_id("node-state").hidden = status.draining;  // that is said in more words
  document.title = `${count(sessions)} sessions · Orrery`;
}

function take_state({status, metrics: text}) {
  const metrics = new Metrics(text);
  history.add(performance.now(), digest(metrics));
  const seen = {status, metrics, history, newest: history.newest, pools: pools_of(metrics)};
  show_node(status, seen.newest.sessions);
  for (const show of [show_numbers, show_panels, show_drain, show_attention, offer_choices])
    show(seen);
  by_id("page").hidden = false;
}

const receivers = {state: take_state, ...tap_receivers};

// --- The connection -----------------------------------------------------------------------------

let before = "";

// The seconds until the next attempt are not said aloud, only what happened.
function show_connection(state, words) {
  write(by_id("connection"), words);
  mark(by_id("connection"), "state", state);
  if (state === before) return;
  const live = state === "connected";
  mark(document.documentElement, "stale", live ? "" : "yes");
  by_id("drain").disabled = !live;
  if (live) by_id("token-form").hidden = true;
  sessions_are_live(live);
  if (live && before !== "stale") tap_again();
  if (before === "connected" || before === "stale") {
    if (state !== "stale" && !live) tap_is_lost();
    announce(live ? "The connection is back." : words);
  }
  before = state;
}

function ask_for_token() {
  by_id("page").hidden = by_id("drain").hidden = true;
  by_id("token-form").hidden = false;
  by_id("token-problem").textContent = has_token() ? "The node does not accept this token." : "";
  use_token("");
  by_id("token").value = "";
  by_id("token").focus();
}

const live = new Live({
  on_change: show_connection,
  on_token: ask_for_token,
  on_message: (message) => receivers[message.kind]?.(message),
});

// --- What the operator does ---------------------------------------------------------------------

function notices(text) {
  write(by_id("notice"), text);
  announce(text);
}

by_id("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  use_token(by_id("token").value);
  live.connect();
});

const on_refused = () => live.refused();
make_drain({notices, refused: on_refused});
make_sessions({notices, taps: tap, on_refused});
make_tap((text) => live.send(text));
live.connect();
