// Two people in the chat, two servers behind one list of addresses. One argument: JSON with the
// servers' URLs (chat_servers.py).
import net from "node:net";
import {launch} from "./chromium.mjs";
import {report, goodbye} from "./report.mjs";

const plan = JSON.parse(process.argv[2]);
const browser = await launch(plan);
const errors = [];

async function window_of() {
  const context = await browser.newContext({ignoreHTTPSErrors: true});
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => errors.push(String(error)));
  return page;
}

async function enter(page, origin, room, name, servers = "") {
  await page.goto(`${origin}/chat?room=${room}&name=${name}${servers}`);
  await connected(page);
  return page;
}

const connected = (page) =>
  page.locator("[data-testid=chat-state][data-state=connected]").waitFor();

// Says line after line, whenever the page lets it.
const starts_talking = (page, name, every_ms) => page.evaluate(([name, every_ms]) => {
  let count = 0;
  globalThis.talking = setInterval(() => {
    if (document.getElementById("send").disabled) return;
    document.getElementById("input").value = `${name} ${++count}`;
    document.getElementById("say").requestSubmit();
  }, every_ms);
}, [name, every_ms]);
const stops_talking = (page) => page.evaluate(() => clearInterval(globalThis.talking));

// What a page shows: {epoch, number} for a line, null for a gap.
const shown = (page) => page.evaluate(() =>
  [...document.querySelectorAll("#log .said, #log .gap")].map((line) =>
    line.className === "gap" ? null
        : {epoch: line.dataset.epoch, number: Number(line.dataset.number)}));

function check_each_once_or_a_gap(lines) {
  const seen = new Set();
  let before = null;  // the line above; nothing after a gap
  for (const line of lines) {
    const id = line && `${line.epoch} ${line.number}`;
    if (line && seen.has(id)) throw new Error(`line ${id} is shown twice`);
    if (line && before && (line.epoch !== before.epoch || line.number !== before.number + 1))
      throw new Error(`from ${before.epoch} ${before.number} to ${id} without a gap`);
    if (line) seen.add(id);
    before = line;
  }
}

// Until all pages show the same newest line.
async function settled(...pages) {
  for (const until = Date.now() + 10_000; Date.now() < until;) {
    const newest = [];
    for (const page of pages) newest.push(JSON.stringify((await shown(page)).at(-1)));
    if (new Set(newest).size === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the pages never show the same newest line");
}

async function number_reaches(page, number) {
  await page.waitForFunction(
      (wanted) => document.querySelectorAll("#log .said").length >= wanted, number);
}

// Forwards to one server until it is told to break everything that is open.
function breakable(url) {
  const {port} = new URL(url), open = new Set();
  const proxy = net.createServer((near) => {
    const far = net.connect(Number(port), "127.0.0.1");
    const link = {near, far};
    open.add(link);
    near.pipe(far).pipe(near);
    near.on("error", () => {}).on("close", () => open.delete(link) && far.destroy());
    far.on("error", () => {}).on("close", () => near.destroy());
  });
  const breaks = () => open.forEach(({near, far}) => (near.destroy(), far.destroy()));
  // The server hears nothing of it, as when a network goes away.
  const breaks_silently = () => open.forEach((link) => open.delete(link) && link.near.destroy());
  const ends = () => (proxy.close(), breaks());
  return new Promise((resolve) => proxy.listen(0, "127.0.0.1", () => resolve(
      {url: url.replace(port, proxy.address().port), breaks, breaks_silently, ends})));
}

await report("a name that is taken is asked for again", async () => {
  const alice = await enter(await window_of(), plan.first, "names", "Alice");
  const other = await window_of();
  await other.goto(`${plan.first}/chat?room=names&name=Alice`);
  await other.getByTestId("chat-problem").getByText("Alice is taken").waitFor();
  await screenshots(other, "chat-taken");
  if (await other.getByTestId("chat-room").inputValue() !== "names") throw new Error("which room?");
  await other.keyboard.type("Alicia");  // the field is ready for another one
  await other.keyboard.press("Enter");
  await connected(other);
  await alice.getByTestId("chat-log").getByText("Alicia joined").waitFor();
  const people = await other.getByTestId("chat-people").getByRole("listitem").allInnerTexts();
  if (people.length !== 2) throw new Error(`there are ${people}`);
  return "asked";
});

await report("who has the key takes the place of a connection of its own", async () => {
  const line = await breakable(plan.first);
  const bob = await enter(await window_of(), line.url, "ghosts", "Bob");
  line.breaks_silently();
  await bob.getByTestId("chat-log").getByText("You are back").waitFor();
  const people = await bob.getByTestId("chat-people").getByRole("listitem").allInnerTexts();
  if (people.length !== 1) throw new Error(`there are ${people}`);
  if ((await shown(bob)).length > 0) throw new Error("a gap where nothing was said");
  line.ends();
  return "back";
});

await report("the page comes back when it was told, else at random and ever later", async () => {
  const page = await window_of();
  const list = [plan.first, plan.second].map((url) => new URL(url).host);
  await page.addInitScript(() => Math.random = () => 1);  // so it takes the longest time there is
  const arrivals = [];
  await page.routeWebSocket(/rooms/, (socket) => {
    arrivals.push({at: performance.now(), host: new URL(socket.url()).host});
    if (arrivals.length === 1)
      socket.close({code: 1001, reason: "shutting down; reconnect in 1500 ms"});
    else if (arrivals.length === 2)
      socket.close({code: 1011, reason: "reconnect in 60000 ms"});  // not a word of a farewell
    else if (arrivals.length === 3)
      socket.close({code: 1001});
  });
  await page.goto(`${plan.first}/chat?room=waits&name=Alice&servers=${list}`);
  for (const until = Date.now() + 15_000; arrivals.length < 4 && Date.now() < until;)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const hosts = arrivals.map(({host}) => list.indexOf(host)).join();
  if (hosts !== "0,1,0,1") throw new Error(`it went to ${hosts}`);
  [1500, 1000, 2000].forEach((wanted, i) => {
    const waited = Math.round(arrivals[i + 1].at - arrivals[i].at);
    if (waited < wanted - 50 || waited > wanted + 2000)
      throw new Error(`it waited for ${waited} ms, not ${wanted}`);
  });
  return "1.5, 1, 2 s";
});

await report("a broken connection comes back with every line", async () => {
  const line = await breakable(plan.first);
  const alice = await enter(await window_of(), plan.first, "breaks", "Alice");
  const bob = await enter(await window_of(), line.url, "breaks", "Bob");
  await starts_talking(alice, "Alice", 40);
  for (const [turn, count] of [10, 40].entries()) {
    await number_reaches(bob, count);
    line.breaks();
    await bob.getByTestId("chat-log").getByText("You are back").nth(turn).waitFor();
  }
  await number_reaches(bob, 80);
  await stops_talking(alice);
  await settled(alice, bob);
  const lines = await shown(bob);
  if (lines.includes(null)) throw new Error("there is a gap");
  check_each_once_or_a_gap(lines);
  const {number} = lines.at(-1);  // Alice's last line may have come since
  if (lines.length !== number) throw new Error(`${lines.length} of ${number} lines`);
  line.ends();
  await bob.locator("[data-testid=chat-state][data-state=waiting]").waitFor();
  await screenshots(bob, "chat-reconnecting");
  return `${number} lines, none missing`;
});

await report("when a server goes, its people meet on the next one, with every line once or a gap",
             async () => {
  const list = `&servers=${[plan.first, plan.second].map((url) => new URL(url).host)}`;
  const alice = await enter(await window_of(), plan.first, "moves", "Alice", list);
  const bob = await enter(await window_of(), plan.first, "moves", "Bob", list);
  const both = [alice, bob];
  await starts_talking(alice, "Alice", 50);
  await starts_talking(bob, "Bob", 50);
  for (const page of both) await number_reaches(page, 40);
  goodbye();
  for (const page of both) {
    await page.locator("#who").getByText(new URL(plan.second).host).waitFor();
    await connected(page);
  }
  const before = (await shown(alice)).length;
  await number_reaches(alice, before + 40);
  for (const page of both) await stops_talking(page);
  await settled(...both);
  const answer = [];
  for (const page of both) {
    const lines = await shown(page);
    check_each_once_or_a_gap(lines);
    const epochs = new Set(lines.filter((line) => line).map(({epoch}) => epoch));
    const gaps = lines.filter((line) => !line).length;
    if (epochs.size !== 2 || gaps === 0) throw new Error(`${epochs.size} epochs, ${gaps} gaps`);
    answer.push(`${lines.length - gaps} lines and ${gaps} gap`);
  }
  await bob.locator("#log .gap").scrollIntoViewIfNeeded();
  await screenshots(bob, "chat-moved");
  if (errors.length > 0) throw new Error(errors.join("; "));
  return answer.join(", ");
});

async function screenshots(page, name) {
  if (plan.transport !== "tcp") return;
  for (const [size, width, height] of [["phone", 390, 844], ["desktop", 1280, 800]]) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({colorScheme});
      await page.setViewportSize({width, height});
      await page.screenshot({path: `${plan.screenshots}/${name}-${size}-${colorScheme}.png`});
    }
  }
}

await browser.close();
