// How the dashboard looks, for whom, and what it does in trouble (dashboard.py).
import {report} from "./report.mjs";
import {breakable, connect, connect_many, expect, expect_equal, metrics_of, start_load, sums_by,
        until} from "./dashboard_node.mjs";
import {connected, dashboard_of, finish, frames_of, list_of, only_session, plan, row_of, screenshot,
        sizes, tap_is, value_of, window_of} from "./dashboard_window.mjs";

const {open: node, guarded, leaving} = plan;

await report("the keyboard reaches everything, and the focus is seen", async () => {
  const page = await dashboard_of(node.admin);
  const client = await connect(node.url, "/echo?keys");
  await row_of(page, await only_session(node, "keys")).waitFor();
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
  await tap_is(page, "live");
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
  const shot = (part, options) => screenshot(page, `${part}-${name}`, options);
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
  const all = Object.keys(sizes).flatMap((size) => [{size, colorScheme: "light"},
                                                    {size, colorScheme: "dark"}]);
  await Promise.all(all.map(async ({size, colorScheme}) => {
    const seen = await dashboard_of(node.admin, {size, colorScheme});
    await look_at(seen, `${size}-${colorScheme}`);
    await seen.context().close();
  }));
  for (const client of crowd) await client.leave();
  await load.end();
  return "3 sizes, 2 colour schemes";
});

// --- Tokens, networks, drain --------------------------------------------------------------------

await report("a token is asked for, refused, accepted, remembered by its tab alone", async () => {
  const seen = await window_of({quiet: /status of 401/});
  await seen.goto(`${guarded.admin}/`);
  await seen.getByTestId("token").waitFor();
  await screenshot(seen, "token");
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
  await tap_is(seen, "live");
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
  const id = await only_session(node, "kept");
  await row_of(seen, id).getByTestId("tap-session").click();
  await tap_is(seen, "live");
  line.goes_down();
  await state("waiting");
  expect_equal(await stale(), "yes", "stale");
  expect_equal(await seen.getByTestId("drain").isDisabled(), true, "the button is disabled");
  await screenshot(seen, "lost");
  line.comes_back();
  await connected(seen);
  expect_equal(await stale(), undefined, "stale");
  await tap_is(seen, "live");
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

await report("messages that are lost are shown by their cause", async () => {
  const seen = await dashboard_of(leaving.admin);
  expect_equal(await seen.getByTestId("drops").isVisible(), false, "a list of nothing");
  const client = await connect(leaving.url, "/echo");
  for (let i = 0; i < 50; ++i) client.socket.send("more than may come");
  await seen.getByTestId("attention").getByText("lost in the last minute").waitFor();
  await until("the same numbers", async () => {
    const wanted = sums_by(await metrics_of(leaving), "orrery_dropped_total", "cause");
    expect_equal(await list_of(seen, "drops", "cause", "drop-total"), wanted, "drops");
    return wanted.rate_limited > 0;
  });
  await client.leave();
  await seen.context().close();
  return "rate_limited";
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
  await screenshot(seen, "draining");
  for (const client of crowd) expect_equal((await client.ended).code, 1001, "the code");
  await seen.locator("[data-testid=connection][data-state=waiting]").waitFor();
  await seen.context().close();
  return "6 told";
});

await finish("in trouble it has no errors, and asks nobody else");
