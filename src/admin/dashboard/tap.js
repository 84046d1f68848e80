// The frames of one session as they pass: the newest 200, in a panel at the lower edge.
import {announce, by_id, element, mark, write} from "./dom.js";
import {bytes, clock, count, plural, visible, visible_line} from "./words.js";

const most_frames = 200;

const panel = by_id("tap"), frames = by_id("tap-frames"), state = by_id("tap-state");
const pause = by_id("tap-pause");

let tapped = "";       // the id of the session whose frames are, or were, shown
let phase = "ended";   // or asking, live
let why = "";          // it ended
let paused = false;
let waiting = [];   // to be shown at the next picture, or when the pause is over
let seen = 0;
let skipped = 0;
let drawing = 0;
let follows = true;  // whoever reads the newest frame goes on doing so
let return_to = null;
let say = () => {};  // to the node

// --- What is seen -------------------------------------------------------------------------------

function show_state() {
  const newer = paused && waiting.length > 0 ? `, ${count(waiting.length)} newer` : "";
  const words = {asking: "asking …", live: paused ? `paused${newer}` : "live", ended: why};
  write(state, words[phase]);
  mark(state, "state", paused ? "paused" : phase);
  write(by_id("tap-count"), plural(seen, "frame"), seen);
  write(by_id("tap-skipped"), skipped > 0 ? `${count(skipped)} skipped` : "", skipped);
  write(pause, paused ? "Go on" : "Pause");
  pause.setAttribute("aria-pressed", String(paused));
  pause.disabled = by_id("tap-stop").disabled = phase !== "live";
}

function make_frame(frame) {
  const time = element("time", {text: clock(frame.time_ms)});
  time.dateTime = new Date(frame.time_ms).toISOString();
  const text = element("span", {kind: "text", text: visible(frame.shown)});
  if (frame.cut) text.append(element("i", {text: " … cut"}));
  const item = element("li", {testid: "frame", kind: frame.direction}, time,
                       element("b", {text: frame.direction === "in" ? "→ in" : "← out"}),
                       element("span", {kind: "type", text: frame.type}),
                       element("span", {kind: "size", text: bytes(frame.bytes)}), text);
  Object.assign(item.dataset, {direction: frame.direction, type: frame.type, value: frame.bytes});
  return item;
}

const make_gap = (text) => element("li", {testid: "gap", kind: "gap", text});

function draw() {
  drawing = 0;
  if (paused) return show_state();
  for (const frame of waiting.splice(0))
    frames.append(frame.gap ? make_gap(frame.gap) : make_frame(frame));
  while (frames.childElementCount > most_frames) frames.firstElementChild.remove();
  if (follows) frames.scrollTop = frames.scrollHeight;
  show_state();
}

// Many frames, one picture.
function draw_soon() {
  while (waiting.length > most_frames) waiting.shift();
  drawing ||= requestAnimationFrame(draw);
}

function clear() {
  waiting = [];
  seen = skipped = 0;
  follows = true;
  frames.replaceChildren();
  show_state();
}

// --- What the node says -------------------------------------------------------------------------

// More frames than the node shows in a second.
function take_skipped(frames_before) {
  skipped += frames_before;
  if (frames_before > 0) waiting.push({gap: `${plural(frames_before, "frame")} skipped`});
}

function take_frame(frame) {
  if (frame.id !== tapped) return;
  ++seen;
  take_skipped(frame.skipped);
  waiting.push(frame);
  draw_soon();
}

function take_begin({id}) {
  if (id !== tapped) return;
  phase = "live";
  announce(`Tapping session ${id}.`);
  show_state();
}

function take_end({id, why: reason, skipped: frames_before}) {
  if (id !== tapped) return;
  take_skipped(frames_before);
  phase = "ended";
  paused = false;
  why = reason === "asked" ? "stopped" : reason;
  if (panel.contains(document.activeElement)) frames.focus();  // the button may be disabled now
  announce(`The tap of session ${id} ended: ${why}.`);
  draw_soon();
}

export const tap_receivers = {frame: take_frame, tapped: take_begin, untapped: take_end};

// A tap ends with its connection; on the next one it is asked for again.
export function tap_is_lost() {
  if (phase === "ended") return;
  phase = "asking";
  waiting.push({gap: "the connection to the node was lost: frames are missing"});
  draw_soon();
}

export function tap_again() {
  if (phase === "asking") say(`tap ${tapped}`);
}

// --- What the operator does ---------------------------------------------------------------------

export function tap({id, gear, target}) {
  return_to = document.activeElement;
  tapped = id;
  phase = "asking";
  paused = false;
  write(by_id("tap-title"), `Tap of ${gear} ${id}`);
  write(by_id("tap-target"), visible_line(target));
  panel.hidden = false;
  mark(document.documentElement, "tap", "open");
  clear();
  say(`tap ${id}`);
  frames.focus();
}

const stop = () => phase === "live" && say("untap");

function leave() {
  stop();
  phase = "ended";
  tapped = "";
  panel.hidden = true;
  mark(document.documentElement, "tap", "");
  (return_to?.isConnected ? return_to : by_id("search-text")).focus();
}

function toggle_pause() {
  paused = !paused;
  announce(paused ? "Paused." : "Going on.");
  draw_soon();
  show_state();
}

export function make_tap(speaks) {
  say = speaks;
  pause.addEventListener("click", toggle_pause);
  by_id("tap-clear").addEventListener("click", clear);
  by_id("tap-stop").addEventListener("click", stop);
  by_id("tap-leave").addEventListener("click", leave);
  panel.addEventListener("keydown", ({key}) => key === "Escape" && leave());
  frames.addEventListener("scroll", () => {
    follows = frames.scrollHeight - frames.scrollTop - frames.clientHeight < 40;
  });
}
