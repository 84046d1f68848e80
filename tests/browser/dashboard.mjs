// The dashboard of a node that works. One argument: JSON with the nodes (dashboard.py).
import {launch} from "./chromium.mjs";
import {report} from "./report.mjs";
import {breakable, connect, connect_many, end_all, expect, expect_equal, metrics_of, sessions_of,
        start_load, sum, sums_by, until} from "./dashboard_node.mjs";

const plan = JSON.parse(process.argv[2]);
const {open: node, guarded, leaving} = plan;
const browser = await launch(plan);
const phone = {width: 390, height: 844}, desktop = {width: 1280, height: 900};
const sizes = {desktop, phone, narrow: {width: 360, height: 740}};
const errors = [], strangers = [];

// `quiet`: console errors that belong to the story, such as the browser's line for a 401.
async function window_of({size = desktop, colorScheme = "light", quiet = /^$/} = {}) {
  const context = await browser.newContext({viewport: size, colorScheme});
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (said) => said.type() === "error" && !quiet.test(said.text()) &&
          errors.push(said.text()));
  const look = (url) => {
    if (new URL(url).host !== new URL(page.url()).host && !url.startsWith("data:"))
      strangers.push(url);
  };
  page.on("request", (request) => request.isNavigationRequest() || look(request.url()));
  page.on("websocket", (socket) => look(socket.url()));
  return page;
}

async function dashboard_of(admin, options) {
  const page = await window_of(options);
  await page.goto(`${admin}/`);
  await connected(page);
  return page;
}

const connected = (page) =>
  page.locator("[data-testid=connection][data-state=connected]").waitFor();
const value_of = async (page, testid) =>
  Number(await page.getByTestId(testid).getAttribute("data-value"));

// {key: value} of a list: rows with data-KEY, the number in the element with this test id.
const list_of = (page, testid, key, number) => page.evaluate(([testid, key, number]) => {
  const rows = document.querySelectorAll(`[data-testid="${testid}"] [data-${key}]`);
  return Object.fromEntries([...rows].map((row) => [
    row.dataset[key], Number(row.querySelector(`[data-testid="${number}"]`).dataset.value)]));
}, [testid, key, number]);

const rows_of = (page) => page.evaluate(() =>
  [...document.querySelectorAll("[data-testid=session-row]")].map((row) => row.dataset.key));

const page = await dashboard_of(node.admin);

// --- Numbers ------------------------------------------------------------------------------------

const counters = {
  "messages-in-total": ["orrery_messages_total", 'direction="in"'],
  "messages-out-total": ["orrery_messages_total", 'direction="out"'],
  "bytes-in-total": ["orrery_bytes_total", 'direction="in"'],
  "bytes-out-total": ["orrery_bytes_total", 'direction="out"'],
};

async function expect_all_numbers() {
  const metrics = await metrics_of(node);
  const same = (seen, wanted, what) => expect_equal(seen, wanted, what);
  same(await value_of(page, "sessions"), sum(metrics, "orrery_sessions"), "sessions");
  same(await value_of(page, "memory"), sum(metrics, "orrery_memory_bytes"), "memory");
  same(await value_of(page, "opened"), sum(metrics, "orrery_sessions_opened_total"), "opened");
  for (const [testid, [name, label]] of Object.entries(counters))
    same(await value_of(page, testid), sum(metrics, name, label), testid);
  same(await list_of(page, "causes", "cause", "cause-total"),
       sums_by(metrics, "orrery_sessions_closed_total", "cause"), "causes");
  same(await list_of(page, "refusals", "cause", "refusal-total"),
       sums_by(metrics, "orrery_handshakes_refused_total", "status"), "refusals");
  const pools = await list_of(page, "pools", "pool", "pool-sessions");
  for (const [pool, sessions] of Object.entries(pools))
    same(sessions, sum(metrics, "orrery_pool_sessions", `pool="${pool}"`), pool);
  expect("gear:echo" in pools, "no pool gear:echo");
  const gears = await list_of(page, "gears", "gear", "gear-sessions");
  for (const [gear, sessions] of Object.entries(gears))
    same(sessions, sum(metrics, "orrery_sessions", `gear="${gear}"`), gear);
  expect("echo" in gears, "no gear echo");
  return metrics.length;
}

await report("the numbers are those of /metrics while a load runs", async () => {
  const load = start_load(node, {rate: 200, connections: 3});
  await until("3 sessions", async () => await value_of(page, "sessions") === 3);
  for (const [testid, [name, label]] of Object.entries(counters)) {
    const least = sum(await metrics_of(node), name, label);
    const shown = await until(testid, async () => {
      const value = await value_of(page, testid);
      return value > 0 && value >= least && value;
    });
    const most = sum(await metrics_of(node), name, label);
    expect(shown <= most, `${testid} is ${shown}, /metrics had ${least} and ${most}`);
  }
  for (const direction of ["in", "out"])
    await until(`200 messages ${direction} per second`, async () =>
      Math.abs(await value_of(page, `messages-${direction}`) - 200) < 60);
  await until("callbacks are timed", async () => {
    const [p50, p99] = [await value_of(page, "latency-p50"), await value_of(page, "latency-p99")];
    return p50 > 0 && p99 >= p50;
  });
  const lines = await page.locator("#messages-chart path.line").evaluateAll(
      (paths) => paths.map((path) => path.getAttribute("d").split("L").length));
  expect(lines.length === 2 && lines.every((points) => points > 1), `a chart of ${lines} points`);
  await load.end();
  return "200 messages per second";
});

await report("the numbers are those of /metrics after it", async () => {
  await until("the same numbers", async () => await value_of(page, "sessions") === 0 &&
              await expect_all_numbers());
  const ended = await list_of(page, "causes", "cause", "cause-minute");
  expect_equal(ended.client, 3, "ends of the last minute");
  return JSON.stringify(ended);
});

await report("pools say when they are nearly full, and full; refusals are counted", async () => {
  const pool = page.locator("[data-testid=pool][data-pool='gear:chat']");
  const attention = page.getByTestId("attention");
  await attention.getByText("All is well").waitFor();
  const limit = Number(await pool.getByTestId("pool-sessions").getAttribute("data-limit"));
  expect_equal(limit, 10, "the limit");
  const crowd = await connect_many(9, node.url, "/chat/rooms/tea");
  await pool.getByText("nearly full").waitFor();
  await attention.getByText("Pool gear:chat is nearly full: 9 of 10, 90 %").waitFor();
  crowd.push(await connect(node.url, "/chat/rooms/tea"));
  await attention.getByText("Pool gear:chat has no places left: 10 of 10").waitFor();
  expect_equal(await pool.getAttribute("data-level"), "full", "the level");
  expect_equal(await page.getByTestId("refusals").isVisible(), false, "a list of nothing");
  const why = await connect(node.url, "/chat/rooms/tea").catch((error) => error.message);
  expect_equal(why, "refused with 503", "the 11th");
  await attention.getByText("1 handshake refused with 503").waitFor();
  await page.getByTestId("refusals").waitFor();
  await until("the same numbers", expect_all_numbers);
  for (const client of crowd) await client.leave();
  await pool.locator("xpath=self::*[not(@data-level)]").waitFor();
  return "90 %, full, 503";
});

// --- Sessions -----------------------------------------------------------------------------------

async function finds(wanted, fields, query) {
  for (const field of ["", "-gear", "-pool", "-name", "-group"])
    await page.getByTestId(`search${field}`).fill(fields[`search${field}`] ?? "");
  await until(`${wanted} found by ${query}`, async () => {
    const told = (await sessions_of(node, query)).sessions.map(({id}) => id);
    expect_equal(await rows_of(page), told, "rows");
    expect_equal(await value_of(page, "matching"), wanted, "matching");
    return told.length === wanted;
  });
}

await report("sessions are found by gear, pool, name, group and any text", async () => {
  const crowd = [...await connect_many(3, node.url, "/echo"),
                 ...await connect_many(2, node.url, "/echo/groups/storks"),
                 await connect(node.url, "/chat/rooms/tea?token=sesame")];
  const ada = crowd.at(-1);
  ada.socket.send(JSON.stringify({type: "join", name: "Ada"}));
  const [{names}] = await until("Ada has a name", async () => {
    const {sessions} = await sessions_of(node, "gear=chat");
    return sessions[0].names.length === 1 && sessions;
  });
  await finds(6, {}, "");
  await finds(1, {"search-gear": "chat"}, "gear=chat");
  await finds(5, {"search-pool": "gear:echo"}, "pool=gear:echo");
  const typed = names[0].replace("\n", "\\u{a}");  // as the page shows it
  await finds(1, {"search-name": typed}, `name=${encodeURIComponent(names[0])}`);
  await finds(2, {"search-group": "echo:storks"}, "group=echo:storks");
  await finds(2, {search: "storks"}, "text=storks");
  await finds(0, {search: "no such thing"}, "text=no+such+thing");
  await page.getByText("no session matches").first().waitFor();
  await finds(1, {"search-gear": "chat", search: "rooms"}, "gear=chat&text=rooms");
  const row = await page.getByTestId("session-row").innerText();
  expect(row.includes("Ada") && row.includes("/chat/rooms/tea"), row);
  expect(!row.includes("sesame"), "a secret is shown");
  await finds(6, {}, "");
  for (const client of crowd) await client.leave();
  await finds(0, {}, "");
  return "6, 1, 5, 1, 2, 2, 0, 1";
});

const row_of = (page, id) => page.locator(`[data-testid=session-row][data-key="${id}"]`);

async function only_session(target) {
  const {sessions} = await sessions_of(node, `text=${encodeURIComponent(target)}`);
  expect_equal(sessions.length, 1, "sessions");
  return sessions[0].id;
}

const frames_of = (page) => page.evaluate(() =>
  [...document.querySelectorAll("[data-testid=frame]")].map((row) =>
    `${row.dataset.direction} ${row.dataset.type} ${row.dataset.value} ` +
    row.querySelector(".text").textContent));

await report("a tap shows the frames of one session as they pass", async () => {
  const client = await connect(node.url, "/echo?mine"), other = await connect(node.url, "/echo");
  const id = await only_session("mine");
  await row_of(page, id).getByTestId("tap-session").click();
  const state = (word) => page.locator(`[data-testid=tap-state][data-state=${word}]`).waitFor();
  await state("live");
  const shows = (frames) => until("frames", async () => {
    expect_equal(await frames_of(page), frames, "frames");
    return true;
  });
  other.socket.send("not mine");
  client.socket.send("<b>hello</b>");
  client.socket.send(Buffer.from([1, 2, 3]));
  const hello = ["in text 12 <b>hello</b>", "out text 12 <b>hello</b>", "in binary 3 ",
                 "out binary 3 "];
  await shows(hello);
  client.socket.send("a\u202eb\u0007c");  // it would turn the rest of the line around
  const escaped = "text 7 a\\u{202e}b\\u{7}c";
  await shows([...hello, `in ${escaped}`, `out ${escaped}`]);
  await page.getByTestId("tap-clear").click();
  await shows([]);
  await page.getByTestId("tap-pause").click();
  client.socket.send("later");
  await page.getByText("paused, 2 newer").waitFor();
  await shows([]);
  await page.getByTestId("tap-pause").click();
  await shows(["in text 5 later", "out text 5 later"]);
  await page.getByTestId("tap-stop").click();
  await state("ended");
  client.socket.send("after the end");
  await until("it came back", () => client.heard.includes("after the end"));
  await shows(["in text 5 later", "out text 5 later"]);
  await page.keyboard.press("Escape");
  await page.getByTestId("tap").waitFor({state: "hidden"});
  for (const each of [client, other]) await each.leave();
  return "in, out, binary, paused, stopped";
});

await report("a tap keeps 200 frames, says what it skips, ends with its session", async () => {
  const client = await connect(node.url, "/echo?many");
  const id = await only_session("many");
  await row_of(page, id).getByTestId("tap-session").click();
  await page.locator("[data-testid=tap-state][data-state=live]").waitFor();
  let sent = 0;
  const say = () => client.socket.send(`frame ${++sent}`);
  while (sent < 500) say();  // far more than a node shows in a second
  await until("250 frames", async () => (say(), await value_of(page, "tap-count") > 250));
  await client.leave();
  await page.getByTestId("tap-state").getByText("the session has ended").waitFor();
  const [seen, skipped] = [await value_of(page, "tap-count"), await value_of(page, "tap-skipped")];
  expect(seen + skipped >= 1000 && seen + skipped <= 2 * sent + 2,
         `${seen} seen, ${skipped} skipped of ${2 * sent}`);
  if (skipped > 0) await page.getByTestId("tap-skipped").getByText("skipped").waitFor();
  expect_equal(await page.locator("#tap-frames > li").count(), 200, "frames that are kept");
  await page.getByTestId("tap-leave").click();
  return `${seen} seen, ${skipped} skipped`;
});

await report("a session is closed after a question; its client hears 4002", async () => {
  const client = await connect(node.url, "/echo?unwanted");
  const id = await only_session("unwanted");
  const close = row_of(page, id).getByTestId("close-session");
  await close.click();
  await page.getByTestId("confirm").getByText("/echo?").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("confirm").waitFor({state: "hidden"});
  expect_equal((await sessions_of(node)).sessions.map((each) => each.id), [id], "sessions");
  expect(await close.evaluate((button) => button === document.activeElement), "lost the focus");
  await close.press("Enter");
  await page.getByTestId("close-confirm").click();
  const {code} = await client.ended;
  expect_equal(code, 4002, "the code");
  await page.getByTestId("notice").getByText(`Session ${id} was closed`).waitFor();
  await row_of(page, id).waitFor({state: "detached"});
  const next = await page.evaluate(() => document.activeElement.dataset.testid);
  expect_equal(next, "search", "the focus after the last row is gone");
  await until("the same numbers", expect_all_numbers);
  return code;
});

// --- How it looks, and for whom -----------------------------------------------------------------

await report("the keyboard reaches everything, and the focus is seen", async () => {
  const page = await dashboard_of(node.admin);
  const client = await connect(node.url, "/echo?keys");
  await row_of(page, await only_session("keys")).waitFor();
  const wanted = ["drain", "search", "search-gear", "search-pool", "search-name", "search-group",
                  "tap-session", "close-session"];
  const reached = [];
  for (let i = 0; i < 20 && reached.at(-1) !== wanted.at(-1); ++i) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => {
      const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
      const seen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
      return seen ? document.activeElement.dataset.testid ?? "" : "unseen";
    }));
  }
  expect_equal(reached.filter((each) => each), wanted, "the order of focus");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.locator("[data-testid=tap-state][data-state=live]").waitFor();
  await page.keyboard.press("Escape");
  const back = await page.evaluate(() => document.activeElement.dataset.testid);
  expect_equal(back, "tap-session", "the focus after the tap");
  await page.context().close();
  await client.leave();
  return reached.length;
});

async function fits(page, what) {
  const [wide, window] = await page.evaluate(
      () => [document.documentElement.scrollWidth, globalThis.innerWidth]);
  expect(wide <= window, `${what} is ${wide} wide in a window of ${window}`);
}

async function look_at(page, name) {
  const shot = (part, options) => page.screenshot(
      {path: `${plan.screenshots}/dashboard-${part}-${name}.png`, ...options});
  // A list that nobody sees is not asked for.
  await page.getByTestId("search").scrollIntoViewIfNeeded();
  await page.getByTestId("session-row").first().waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await until("a chart", () => page.locator("#messages-chart path.line").first().evaluate(
      (path) => path.getAttribute("d").split("L").length > 3));
  await fits(page, name);
  await shot("page", {fullPage: true});
  const busy = page.getByTestId("session-row").filter({hasText: "/echo"}).first();
  await busy.getByTestId("tap-session").click();
  await until("frames", async () => (await frames_of(page)).length > 3);
  await fits(page, `${name} with a tap`);
  await shot("tap");
  await page.getByTestId("tap-leave").click();
  await page.getByTestId("drain").click();
  await fits(page, `${name} with a question`);
  await shot("question");
  await page.getByTestId("confirm-no").click();
}

await report("it fits every screen, light and dark", async () => {
  const load = start_load(node, {rate: 50, connections: 4});
  const crowd = await connect_many(10, node.url, `/chat/rooms/${"a rather long room ".repeat(3)}`);
  crowd[0].socket.send(JSON.stringify({type: "join", name: "Ada"}));
  for (const [size, box] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      const seen = await dashboard_of(node.admin, {size: box, colorScheme});
      await look_at(seen, `${size}-${colorScheme}`);
      await seen.context().close();
    }
  }
  for (const client of crowd) await client.leave();
  await load.end();
  return "3 sizes, 2 colour schemes";
});

// --- Tokens, networks, drain --------------------------------------------------------------------

await report("a token is asked for, refused, accepted, remembered by its tab alone", async () => {
  const seen = await window_of({quiet: /status of 401/});
  await seen.goto(`${guarded.admin}/`);
  await seen.getByTestId("token").waitFor();
  await seen.screenshot({path: `${plan.screenshots}/dashboard-token.png`});
  expect_equal(await seen.getByTestId("sessions").isVisible(), false, "numbers without a token");
  await seen.keyboard.type("a wrong one");  // the field has the focus
  await seen.keyboard.press("Enter");
  await seen.getByTestId("token-problem").getByText("does not accept").waitFor();
  await seen.getByTestId("token").fill(guarded.token);
  await seen.getByTestId("token-submit").click();
  await connected(seen);
  await seen.getByTestId("certificates").getByText(/expires in 4\d hours/).waitFor();
  const client = await connect(guarded.url, "/echo");
  await until("a session", async () => await value_of(seen, "sessions") === 1);
  await seen.getByTestId("tap-session").click();
  await seen.locator("[data-testid=tap-state][data-state=live]").waitFor();
  await seen.reload();
  await connected(seen);
  const stored = await seen.evaluate(() => [localStorage.length, document.cookie]);
  expect_equal(stored, [0, ""], "stored");
  const another = await seen.context().newPage();
  await another.goto(`${guarded.admin}/`);
  await another.getByTestId("token").waitFor();
  await seen.context().close();
  await client.leave();
  return "asked";
});

await report("it says when the node is lost or silent, and comes back", async () => {
  const line = await breakable(node.admin);
  const seen = await dashboard_of(line.url, {quiet: /net::ERR_|WebSocket connection to/});
  const state = (word) => seen.locator(`[data-testid=connection][data-state=${word}]`).waitFor();
  const stale = () => seen.evaluate(() => document.documentElement.dataset.stale);
  const client = await connect(node.url, "/echo?kept");
  const id = await only_session("kept");
  await row_of(seen, id).getByTestId("tap-session").click();
  await seen.locator("[data-testid=tap-state][data-state=live]").waitFor();
  line.goes_down();
  await state("waiting");
  expect_equal(await stale(), "yes", "stale");
  expect_equal(await seen.getByTestId("drain").isDisabled(), true, "the button is disabled");
  await seen.screenshot({path: `${plan.screenshots}/dashboard-lost.png`});
  line.comes_back();
  await connected(seen);
  expect_equal(await stale(), undefined, "stale");
  await seen.locator("[data-testid=tap-state][data-state=live]").waitFor();
  client.socket.send("still there");
  await seen.getByTestId("tap-frames").getByText("still there").first().waitFor();
  await seen.getByTestId("gap").getByText("connection to the node was lost").waitFor();
  line.falls_silent();
  await state("stale");
  expect_equal(await stale(), "yes", "stale");
  await connected(seen);  // it gives the silent connection up, and opens another one
  await client.leave();
  await seen.context().close();
  line.ends();
  return "lost, back, silent, back";
});

await report("a drain is asked for, then shown until all are gone", async () => {
  const seen = await dashboard_of(leaving.admin, {quiet: /net::ERR_|WebSocket connection to/});
  const crowd = await connect_many(6, leaving.url, "/echo");
  await until("6 sessions", async () => await value_of(seen, "sessions") === 6);
  await seen.getByTestId("drain").click();
  await seen.getByTestId("confirm").getByText("6 sessions").waitFor();
  await seen.getByTestId("confirm-no").click();
  const status = await (await fetch(`${leaving.admin}/api/status`)).json();
  expect_equal([status.draining, status.sessions], [false, 6], "after the answer no");
  await seen.getByTestId("drain").click();
  await seen.getByTestId("drain-confirm").click();
  await seen.getByTestId("draining").getByText(/draining: \d sessions? left/).waitFor();
  await seen.getByTestId("attention").getByText("This node is draining").waitFor();
  expect_equal(await seen.getByTestId("drain").isVisible(), false, "a second drain");
  await seen.screenshot({path: `${plan.screenshots}/dashboard-draining.png`});
  for (const client of crowd) expect_equal((await client.ended).code, 1001, "the code");
  await seen.locator("[data-testid=connection][data-state=waiting]").waitFor();
  await seen.context().close();
  return "6 told";
});

await report("it has no errors, and asks nobody else", async () => {
  expect_equal(errors, [], "errors");
  expect_equal(strangers, [], "requests elsewhere");
  return "none";
});

end_all();
await browser.close();
