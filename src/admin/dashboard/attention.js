// What an operator should look at now, in sentences, the worst first.
import {announce, by_id, element, keep_children, mark, write} from "./dom.js";
import {drop_in_words, plural} from "./words.js";
import {node_state} from "./panels.js";

const levels = {error: "bad", warning: "wait"};

const trouble = (key, text) => ({key, text, level: "bad"});
const warning = (key, text) => ({key, text, level: "wait"});

// What the node itself says of its present state; /api/status and `orrery status` say the same.
function about_now({status}) {
  return status.problems.map(({key, text, level}) => ({key, text, level: levels[level]}));
}

const most_nodes = 4;

function about_nodes({status}) {
  const found = status.nodes.filter((node) => status.nodes.length > 1 && !node.ready).map(
      (node) => warning(`node ${node.name}`, `Node ${node.name} is ${node_state(node)}.`));
  const left = found.length - most_nodes;
  return left <= 0 ? found : [...found.slice(0, most_nodes), warning(
      "nodes", `${plural(left, "further warning")} about nodes.`)];
}

// What the last minute brought that it should not have.
function about_the_last_minute({newest, history}) {
  const found = [];
  const failed = history.growth((sums) => sums.causes.get("handler_error"));
  if (failed > 0)
    found.push(trouble("failed", `Gears failed: that ended ${plural(failed, "session")} in the ` +
                                 "last minute. The log says where."));
  for (const cause of newest.drops.keys()) {
    const lost = history.growth((sums) => sums.drops.get(cause));
    if (lost > 0 && cause !== "closed" && cause !== "replaced")
      found.push(warning(`lost ${cause}`, `${plural(lost, "message")} lost in the last minute: ` +
                                          `${drop_in_words(cause) || cause}.`));
  }
  for (const status of newest.refusals.keys()) {
    const refused = history.growth((sums) => sums.refusals.get(status));
    if (refused > 0 && Number(status) >= 500)
      found.push(warning(`refused ${status}`, `${plural(refused, "handshake")} refused with ` +
                                              `${status} in the last minute.`));
  }
  return found;
}

const all_well = {key: "well", level: "good", text: "All is well."};

export function attention_for(seen) {
  const found = [about_now, about_the_last_minute, about_nodes].flatMap((about) => about(seen));
  const worst_first = (one, other) => (other.level === "bad") - (one.level === "bad");
  return found.length > 0 ? found.sort(worst_first) : [all_well];
}

// Numbers in the sentences change every second; what is said aloud are sentences that are new.
let known = new Set(["well"]);

export function show_attention(seen) {
  const found = attention_for(seen);
  keep_children(by_id("attention"), found, ({key}) => key, () => element("li"),
                (item, {text, level}) => {
    write(item, text);
    mark(item, "level", level);
  });
  const fresh = found.filter(({key}) => !known.has(key));
  if (fresh.length > 0) announce(fresh.map(({text}) => text).join(" "));
  known = new Set(found.map(({key}) => key));
}
