// What the dashboard's stories need of the world: a node's metrics, its clients, a load, a network
// that breaks.
import {spawn} from "node:child_process";
import net from "node:net";
import WebSocket from "ws";

const patience_ms = 20_000;

// Asks again and again until `check` answers with something, or stops complaining.
export async function until(what, check) {
  let why = "it never was";
  for (const end = Date.now() + patience_ms; Date.now() < end;) {
    try {
      const answer = await check();
      if (answer) return answer;
    } catch (error) {
      why = String(error.message ?? error).split("\n")[0];
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: ${why}`);
}

export function expect_equal(seen, wanted, what) {
  const [one, other] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${what}: saw ${one}, wanted ${other}`);
}

export function expect(condition, what) {
  if (!condition) throw new Error(what);
}

// --- What the node says -------------------------------------------------------------------------

// [{name, labels: text, value}] of /metrics.
export async function metrics_of({admin}) {
  const text = await (await fetch(`${admin}/metrics`)).text();
  return text.split("\n").filter((line) => line && !line.startsWith("#")).map((line) => {
    const [, name, labels, value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    return {name, labels: labels ?? "", value: Number(value)};
  });
}

export const sum = (metrics, name, ...wanted) => metrics
    .filter((each) => each.name === name && wanted.every((label) => each.labels.includes(label)))
    .reduce((total, {value}) => total + value, 0);

// {"idle_timeout": 3}: a Map would not be compared.
export function sums_by(metrics, name, label) {
  const sums = {};
  for (const each of metrics.filter((one) => one.name === name && one.value > 0)) {
    const key = new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(each.labels)[1];
    sums[key] = (sums[key] ?? 0) + each.value;
  }
  return sums;
}

export async function sessions_of({admin}, query = "") {
  return (await fetch(`${admin}/api/sessions?${query}`)).json();
}

// --- Clients ------------------------------------------------------------------------------------

const open = new Set();  // what to end, also after a story that failed

export const end_all = () => open.forEach((end) => end());

// An open session; `ended` is what closed it: {code, reason}.
export function connect(url, path) {
  const socket = new WebSocket(url.replace(/^http/, "ws") + path, {rejectUnauthorized: false});
  const ended = new Promise((resolve) => socket.on(
      "close", (code, reason) => resolve({code, reason: String(reason)})));
  open.add(() => socket.terminate());
  const heard = [];
  socket.on("message", (data, binary) => heard.push(binary ? data : String(data)));
  return new Promise((resolve, reject) => {
    socket.on("open", () => resolve({socket, heard, ended, leave: () => leave(socket, ended)}));
    socket.on("unexpected-response", (_, response) =>
      reject(new Error(`refused with ${response.statusCode}`)));
    socket.on("error", reject);
  });
}

function leave(socket, ended) {
  socket.close(1000);
  return ended;
}

export const connect_many = (count, url, path) =>
  Promise.all(Array.from({length: count}, () => connect(url, path)));

// `orrery bench` until it is told to end.
export function start_load({binary, url}, {rate, connections}) {
  const words = ["bench", `${url}/echo`, "--rate", rate, "--connections", connections,
                 "--duration", "10m", "--warmup", "1ms"];
  const load = spawn(binary, words.map(String), {stdio: "ignore"});
  const ended = new Promise((resolve) => load.on("exit", resolve));
  open.add(() => load.kill());
  return {end: () => (load.kill("SIGINT"), ended)};
}

// --- A network ----------------------------------------------------------------------------------

// Forwards to one server. What is open can be broken, or held; meanwhile newcomers can be refused.
export function breakable(url) {
  const {port} = new URL(url), links = new Set();
  let down = false;
  const proxy = net.createServer((near) => {
    if (down) return near.destroy();
    const far = net.connect(Number(port), "127.0.0.1");
    const link = {near, far};
    links.add(link);
    near.pipe(far).pipe(near);
    near.on("error", () => {}).on("close", () => links.delete(link) && far.destroy());
    far.on("error", () => {}).on("close", () => near.destroy());
  });
  const goes_down = () => (down = true, links.forEach(({near}) => near.destroy()));
  const comes_back = () => down = false;
  const falls_silent = () => links.forEach(({near, far}) => (far.unpipe(near), far.pause()));
  const ends = () => (proxy.close(), goes_down());
  open.add(ends);
  return new Promise((resolve) => proxy.listen(0, "127.0.0.1", () => resolve(
      {url: url.replace(port, proxy.address().port), goes_down, comes_back, falls_silent, ends})));
}
