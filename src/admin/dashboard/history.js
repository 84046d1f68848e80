// The last minute, second by second: what changed in it, and how fast. A scrape is reduced to sums
// by gear and by cause before it is kept, so that thousands of pools cost this page no memory.
import {difference, quantile, count_of} from "./metrics.js";

export const minute_ms = 60_000;
const shortest_ms = 500;  // two scrapes that arrive closer together say nothing about speed
const lately_ms = 10_000;
const enough_callbacks = 20;  // for a quantile of what happened lately

const directions = [["in", "messages_in", "bytes_in"], ["out", "messages_out", "bytes_out"]];

function sums_of(metrics, where) {
  const sums = {
    sessions: metrics.sum("orrery_sessions", where),
    callbacks: metrics.buckets("orrery_callback_seconds", where),
  };
  for (const [direction, messages, bytes] of directions) {
    sums[messages] = metrics.sum("orrery_messages_total", {...where, direction});
    sums[bytes] = metrics.sum("orrery_bytes_total", {...where, direction});
  }
  return sums;
}

export function digest(metrics) {
  const gears = [...metrics.sums_by("orrery_sessions", "gear").keys()];
  return {
    ...sums_of(metrics),
    opened: metrics.sum("orrery_sessions_opened_total"),
    gears: new Map(gears.map((gear) => [gear, sums_of(metrics, {gear})])),
    causes: metrics.sums_by("orrery_sessions_closed_total", "cause"),
    drops: metrics.sums_by("orrery_dropped_total", "cause"),
    refusals: metrics.sums_by("orrery_handshakes_refused_total", "status"),
  };
}

// Never less than nothing: a pool that is gone takes its counters along.
const grown = (read, before, after) => Math.max(0, (read(after) ?? 0) - (read(before) ?? 0));

export class History {
  #seconds = [];  // {at, sums}, oldest first

  // A total that runs backwards is another process's.
  add(at, sums) {
    const last = this.#seconds.at(-1);
    if (last && (sums.opened < last.sums.opened || sums.messages_in < last.sums.messages_in))
      this.#seconds = [];
    else if (last && at - last.at < shortest_ms) this.#seconds.pop();
    this.#seconds.push({at, sums});
    while (this.#seconds.length > 1 && at - this.#seconds[1].at >= minute_ms) this.#seconds.shift();
  }

  get newest() { return this.#seconds.at(-1)?.sums; }

  // How far back growth() can look, in milliseconds: less than a minute at first.
  get length() { return this.#seconds.at(-1).at - this.#seconds[0].at; }

  // The newest one that is at least so old, else the oldest there is.
  #before(ms) {
    const now = this.#seconds.at(-1).at;
    return this.#seconds.findLast(({at}) => now - at >= ms) ?? this.#seconds[0];
  }

  // How much a number grew in the last so many milliseconds. `read` finds it in the sums.
  growth(read, ms = minute_ms) {
    return grown(read, this.#before(ms).sums, this.newest);
  }

  // Per second, now.
  rate(read) {
    return this.points(read).at(-1)?.value ?? 0;
  }

  // [{age, value}]: the rate in each second, its age in milliseconds.
  points(read) {
    const newest = this.#seconds.at(-1);
    return this.#seconds.slice(1).map(({at, sums}, i) => {
      const before = this.#seconds[i];
      const value = grown(read, before.sums, sums) * 1000 / (at - before.at);
      return {age: newest.at - at, value};
    });
  }

  // [{age, value}]: the number itself.
  levels(read) {
    const newest = this.#seconds.at(-1);
    return this.#seconds.map(({at, sums}) => ({age: newest.at - at, value: read(sums) ?? 0}));
  }

  // {p50, p99, count, seconds} of the callbacks that were timed lately; of the last minute, if
  // these are few. `read` finds what sums_of() made.
  callback_times(read) {
    const within = (ms) => {
      const earlier = read(this.#before(ms).sums)?.callbacks ?? [];
      return difference(read(this.newest).callbacks, earlier);
    };
    let seconds = lately_ms / 1000, buckets = within(lately_ms);
    if (count_of(buckets) < enough_callbacks)
      [seconds, buckets] = [minute_ms / 1000, within(minute_ms)];
    const [p50, p99] = [quantile(0.5, buckets), quantile(0.99, buckets)];
    const seen = Math.max(1, Math.round(this.length / 1000));
    return {p50, p99, count: count_of(buckets), seconds: Math.min(seconds, seen)};
  }
}
