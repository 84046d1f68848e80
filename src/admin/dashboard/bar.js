// How full something is: as a bar, in words, and in a colour.
import {element, mark} from "./dom.js";

const nearly_full = 0.8;  // as in ../problems.cpp

// What may hold nothing is full.
export const share_of = (value, limit) => limit > 0 ? value / limit : 1;

// "" while there is room.
export function level_of(value, limit) {
  const share = share_of(value, limit);
  return share >= 1 ? "full" : share > nearly_full ? "high" : "";
}

export function make_bar(label) {
  const filled = element("div", {kind: "filled"});
  const bar = element("div", {kind: "bar", label}, filled);
  bar.setAttribute("role", "meter");
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  bar.show = (value, limit, words) => {
    const share = Math.min(1, share_of(value, limit));
    const seen = value > 0 ? Math.max(share, 0.01) : share;  // a little is not nothing
    filled.style.width = `${(seen * 100).toFixed(1)}%`;
    bar.setAttribute("aria-valuenow", (share * 100).toFixed(0));
    bar.setAttribute("aria-valuetext", words);
    mark(bar, "level", level_of(value, limit));
  };
  return bar;
}
