// An operator at work: the dashboard of a node under load (dashboard.py).
import {report} from "./report.mjs";
import {connect, connect_many, expect, expect_equal, metrics_of, sessions_of, start_load, sum,
        sums_by, until} from "./dashboard_node.mjs";
import {dashboard_of, finish, frames_of, list_of, only_session, plan, row_of, tap_is, value_of}
    from "./dashboard_window.mjs";

const node = plan.open;
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
  same(Object.values(await list_of(page, "nodes", "node", "node-sessions")),
       [sum(metrics, "orrery_sessions")], "nodes");
  const ready = await page.getByTestId("node-state").getAttribute("data-state") === "ready";
  same(Number(ready), sum(metrics, "orrery_ready"), "the node's state");
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

const rows_of = (page) => page.evaluate(() =>
  [...document.querySelectorAll("[data-testid=session-row]")].map((row) => row.dataset.key));

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

await report("a tap shows the frames of one session as they pass", async () => {
  const client = await connect(node.url, "/echo?mine"), other = await connect(node.url, "/echo");
  const id = await only_session(node, "mine");
  await row_of(page, id).getByTestId("tap-session").click();
  await tap_is(page, "live");
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
  await tap_is(page, "ended");
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
  const id = await only_session(node, "many");
  await row_of(page, id).getByTestId("tap-session").click();
  await tap_is(page, "live");
  let sent = 0;
  const say = () => client.socket.send(`frame ${++sent}`);
  while (sent < 500) say();  // far more than a node shows in a second
  await until("210 frames", async () => (say(), await value_of(page, "tap-count") > 210));
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
  const id = await only_session(node, "unwanted");
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

await finish("at work it has no errors, and asks nobody else");
