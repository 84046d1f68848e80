// The row of numbers at the top.
import {by_id, write} from "./dom.js";
import {bytes, count, per_second, plural, short_time} from "./words.js";
import {make_bar} from "./bar.js";
import {make_sparkline} from "./sparkline.js";

const charts = {
  sessions: make_sparkline(by_id("sessions-chart"), "level"),
  messages: make_sparkline(by_id("messages-chart"), "in", "out"),
  bytes: make_sparkline(by_id("bytes-chart"), "in", "out"),
};
const memory_bar = make_bar("Memory of all pools");
by_id("memory-bar").append(memory_bar);

function show_sessions({newest: now, history}) {
  write(by_id("sessions"), count(now.sessions), now.sessions);
  write(by_id("opened"), count(now.opened), now.opened);
  charts.sessions(history.levels((sums) => sums.sessions));
}

// `what` is messages or bytes.
function show_traffic(what, words, {newest: now, history}) {
  const points = ["in", "out"].map((direction) => {
    const key = `${what}_${direction}`;
    const speeds = history.points((sums) => sums[key]);
    const speed = speeds.at(-1)?.value ?? 0;
    write(by_id(`${what}-${direction}`), words(speed), speed);
    const total = what === "bytes" ? bytes(now[key]) : count(now[key]);
    write(by_id(`${what}-${direction}-total`), total, now[key]);
    return speeds;
  });
  charts[what](...points);
}

function show_latency({history}) {
  const {p50, p99, count: timed, seconds} = history.callback_times((sums) => sums);
  write(by_id("latency-p50"), short_time(p50), p50);
  write(by_id("latency-p99"), short_time(p99), p99);
  write(by_id("latency-note"), timed > 0 ? `${plural(timed, "callback")} timed in ${seconds} s`
                                         : "no callback was timed lately");
}

function show_memory({metrics}) {
  const held = metrics.sum("orrery_memory_bytes");
  const limit = metrics.sum("orrery_memory_limit_bytes");
  write(by_id("memory"), bytes(held), held);
  write(by_id("memory-limit"), bytes(limit), limit);
  memory_bar.show(held, limit, `${bytes(held)} of ${bytes(limit)}`);
}

export function show_numbers(seen) {
  show_sessions(seen);
  show_traffic("messages", per_second, seen);
  show_traffic("bytes", bytes, seen);
  show_latency(seen);
  show_memory(seen);
}
