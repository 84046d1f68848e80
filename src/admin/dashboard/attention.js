// What an operator should look at now, in sentences, the worst first.
import {announce, by_id, element, keep_children, mark, write} from "./dom.js";
import {bytes, count, drop_in_words, percent, plural} from "./words.js";
import {level_of, share_of} from "./bar.js";
import {certificate_in_words, certificate_is_due, certificates_of, node_state} from "./panels.js";

const most_of_a_kind = 4;

const trouble = (key, text) => ({key, text, level: "bad"});
const warning = (key, text) => ({key, text, level: "wait"});

function the_first(found, key, what) {
  const shown = found.slice(0, most_of_a_kind), left = found.length - shown.length;
  return left > 0 ? [...shown, warning(key, `${plural(left, "further warning")} ${what}.`)] : shown;
}

function about_this_node({status, newest}) {
  if (!status.draining)
    return status.ready ? [] : [warning("starting", "This node is not ready for newcomers.")];
  return [warning("draining", `This node is draining: ${plural(newest.sessions, "session")} ` +
                              "left, newcomers are refused.")];
}

function about_accepting({metrics}) {
  if (metrics.sum("orrery_accepting_paused") === 0) return [];
  return [trouble("accepting", "Newcomers wait unanswered: accepting pauses, and the log says " +
                               "why. orrery doctor tells how to raise the limit of descriptors.")];
}

function about_nodes({status}) {
  const nodes = status.nodes ?? [];
  const found = nodes.filter((node) => nodes.length > 1 && !node.ready).map(
      (node) => warning(`node ${node.name}`, `Node ${node.name} is ${node_state(node)}.`));
  return the_first(found, "nodes", "about nodes");
}

function about_pool({name, sessions, limit, memory, memory_limit}) {
  const found = [];
  const say = (what, value, most, as_words) => {
    const level = level_of(value, most);
    const words = `${as_words(value)} of ${as_words(most)}`;
    const key = `${name} ${what} ${level}`;
    if (level === "full") found.push(trouble(key, `Pool ${name} has no ${what} left: ${words}.`));
    if (level === "high") found.push(warning(
        key, `Pool ${name} is nearly full: ${words}, ${percent(share_of(value, most))}.`));
  };
  say("places", sessions, limit, count);
  if (memory_limit !== undefined) say("memory", memory, memory_limit, bytes);
  return found;
}

function about_pools({pools}) {
  return the_first(pools.filter(({level}) => level).flatMap(about_pool), "pools", "about pools");
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

function about_certificates({metrics}) {
  return certificates_of(metrics).filter(certificate_is_due).map((each) => {
    const say = each.left_s < 3 * 86_400 ? trouble : warning;
    return say(`certificate ${each.certificate}`,
               `Certificate ${each.certificate} ${certificate_in_words(each)}.`);
  });
}

const all_well = {key: "well", level: "good", text: "All is well."};

export function attention_for(seen) {
  const found = [about_this_node, about_accepting, about_pools, about_the_last_minute, about_nodes,
                 about_certificates].flatMap((about) => about(seen));
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
