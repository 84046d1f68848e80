// The list of sessions: searched by the node, renewed every two seconds while somebody sees it.
import {announce, by_id, element, keep_children, mark, write} from "./dom.js";
import {ask, close_session} from "./api.js";
import {confirmed} from "./confirm.js";
import {bytes, client_of, count, from_visible, long_time, visible_line} from "./words.js";

const most_rows = 100;
const renew_ms = 2000;
const typing_ms = 200;
const fields = ["text", "gear", "pool", "name", "group"];

const panel = by_id("sessions-panel"), search = by_id("search"), rows = by_id("session-rows");

// --- One row ------------------------------------------------------------------------------------

const columns = {
  session: "Session", target: "Asked for", names: "Names and groups", client: "Client",
  age: "Open", messages: "Messages", bytes: "Bytes", queued: "Waiting",
};

function button(text, testid, session) {
  const made = element("button", {testid, kind: "plain", text, label: `${text} ${session.id}`});
  made.type = "button";
  made.dataset.action = text.toLowerCase();
  return made;
}

function make_row(session) {
  const row = element("tr", {testid: "session-row"});
  for (const [kind, title] of Object.entries(columns)) {
    const cell = element("td", {kind});
    cell.dataset.title = title;
    row.append(cell);
  }
  const fixed = row.querySelector(".session");
  fixed.append(element("b", {text: session.gear}), element("code", {text: session.id}));
  if (session.pool !== `gear:${session.gear}`)
    fixed.append(element("small", {text: visible_line(session.pool)}));
  const target = row.querySelector(".target");
  target.append(element("code", {text: visible_line(session.target)}));
  if (session.subprotocol)
    target.append(element("small", {text: visible_line(session.subprotocol)}));
  target.title = session.route;
  row.querySelector(".client").textContent = client_of(session);
  row.append(element("td", {kind: "actions"}, button("Tap", "tap-session", session),
                     button("Close", "close-session", session)));
  return row;
}

function renew_names(cell, {names, groups}) {
  const chips = [...names.map((name) => ({kind: "name", name})),
                 ...groups.map((name) => ({kind: "group", name}))];
  mark(cell, "empty", chips.length === 0 ? "yes" : "");
  keep_children(cell, chips, ({kind, name}) => `${kind} ${name}`,
                ({kind, name}) => element("span", {kind: `chip ${kind}`, text: visible_line(name)}),
                (chip, {kind}) => { chip.title = kind; });
}

function renew_row(row, session) {
  const cell = (kind) => row.querySelector(`.${kind}`);
  row.session = session;
  renew_names(cell("names"), session);
  write(cell("age"), `${long_time(session.age_ms)}, silent ${long_time(session.silent_ms)}`,
        session.age_ms);
  write(cell("messages"), `${count(session.messages_in)} in, ${count(session.messages_out)} out`,
        session.messages_in + session.messages_out);
  write(cell("bytes"), `${bytes(session.bytes_in)} in, ${bytes(session.bytes_out)} out`,
        session.bytes_in + session.bytes_out);
  write(cell("queued"), session.queued_bytes > 0 ? bytes(session.queued_bytes) : "–",
        session.queued_bytes);
  mark(cell("queued"), "empty", session.queued_bytes > 0 ? "" : "yes");
}

// --- The list -----------------------------------------------------------------------------------

// Who had the focus in a row that is gone is led to the next one.
function keep_focus(renew) {
  const row = document.activeElement?.closest?.("#session-rows > tr");
  const place = row ? [...rows.children].indexOf(row) : -1;
  const action = document.activeElement?.dataset.action;
  renew();
  if (!row || row.isConnected) return;
  const next = rows.children[Math.min(place, rows.childElementCount - 1)];
  (next?.querySelector(`[data-action=${action}]`) ?? by_id("search-text")).focus();
}

const searched = () => fields.some((field) => search.elements[field].value.trim() !== "");

function in_words({matching, complete, sessions}) {
  if (matching === 0) return searched() ? "no session matches" : "no session is open";
  const all = `${complete ? "" : "at least "}${count(matching)} ${searched() ? "match" : "open"}`;
  return sessions.length < matching ? `${all}, ${count(sessions.length)} shown` : all;
}

let said = "";

function show(found) {
  keep_focus(() => keep_children(rows, found.sessions, ({id}) => id, make_row, renew_row));
  by_id("session-table").hidden = found.sessions.length === 0;
  const words = in_words(found);
  write(by_id("matching"), words, found.matching);
  mark(panel, "query", query());
  if (said === query()) return;
  announce(words);
  said = query();
}

function query() {
  const asked = new URLSearchParams();
  for (const field of fields) {
    const wanted = from_visible(search.elements[field].value.trim());
    if (wanted) asked.set(field, wanted);
  }
  asked.set("limit", most_rows);
  return asked.toString();
}

// --- Asking -------------------------------------------------------------------------------------

let asking = null;  // the AbortController of the newest question
let timer = 0;
let on_screen = false;
let live = false;
let refused = () => {};

export async function renew_sessions() {
  clearTimeout(timer);
  asking?.abort();
  asking = null;
  if (!live || !on_screen || document.hidden) return;
  const mine = asking = new AbortController();
  try {
    const answer = await ask(`api/sessions?${query()}`, {signal: mine.signal});
    if (answer.status === 401) return refused();
    const found = answer.ok ? await answer.json() : null;
    if (mine !== asking) return;
    if (found) show(found);
    else write(by_id("matching"), `the node answered ${answer.status}`);
  } catch {
    if (mine !== asking) return;  // a newer question took its place
    write(by_id("matching"), "the list could not be read");
  }
  timer = setTimeout(renew_sessions, renew_ms);
}

// The numbers above stop when the connection is lost, and so does the list.
export function sessions_are_live(are) {
  if (are === live) return;
  live = are;
  renew_sessions();
}

// --- Closing ------------------------------------------------------------------------------------

async function ask_to_close(session, notices) {
  const sure = await confirmed({
    title: `Close session ${session.id}?`,
    content: [`Its client at ${client_of(session)} asked for `,
              element("code", {text: visible_line(session.target)}),
              " and will be closed with code 4002."],
    yes: "Close the session", testid: "close-confirm",
  });
  if (!sure) return;
  try {
    const answer = await close_session(session.id);
    if (answer.status === 401) return refused();
    notices(answer.ok ? `Session ${session.id} was closed.`
            : answer.status === 404 ? `Session ${session.id} was gone already.`
            : `The node answered ${answer.status}.`);
  } catch {
    notices("The node does not answer: nobody knows whether the session was closed.");
  }
  renew_sessions();
}

// What may be chosen from: gears and pools that the numbers name.
export function offer_choices({newest, pools}) {
  const offer = (list, names) => keep_children(
      by_id(list), names, (name) => name, (name) => new Option(name, name), () => {});
  offer("gear-names", [...newest.gears.keys()]);
  offer("pool-names", pools.slice(0, most_rows).map(({name}) => name));
}

// `taps` begins to tap a session.
export function make_sessions({notices, taps, on_refused}) {
  refused = on_refused;
  search.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(renew_sessions, typing_ms);
  });
  rows.addEventListener("click", ({target}) => {
    const {session} = target.closest("tr") ?? {};
    if (target.dataset.action === "tap") taps(session);
    if (target.dataset.action === "close") ask_to_close(session, notices);
  });
  new IntersectionObserver(([seen]) => {
    on_screen = seen.isIntersecting;
    renew_sessions();
  }).observe(panel);
  document.addEventListener("visibilitychange", renew_sessions);
}
