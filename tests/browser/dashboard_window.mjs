// The dashboard in Chromium: windows, and what they show. The one argument of a script is JSON with
// the nodes (dashboard.py).
import {launch} from "./chromium.mjs";
import {report} from "./report.mjs";
import {end_all, expect_equal, sessions_of} from "./dashboard_node.mjs";

export const plan = JSON.parse(process.argv[2]);
const browser = await launch(plan);
const errors = [], strangers = [];

export const sizes = {desktop: {width: 1280, height: 900}, phone: {width: 390, height: 844},
                      narrow: {width: 360, height: 740}};

// `quiet`: console errors that belong to the story, such as the browser's line for a 401.
export async function window_of({size = "desktop", colorScheme = "light", quiet = /^$/} = {}) {
  const context = await browser.newContext({viewport: sizes[size], colorScheme});
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

export async function dashboard_of(admin, options) {
  const page = await window_of(options);
  await page.goto(`${admin}/`);
  await connected(page);
  return page;
}

export const connected = (page) =>
  page.locator("[data-testid=connection][data-state=connected]").waitFor();
export const tap_is = (page, state) =>
  page.locator(`[data-testid=tap-state][data-state=${state}]`).waitFor();
export const value_of = async (page, testid) =>
  Number(await page.getByTestId(testid).getAttribute("data-value"));

// {key: value} of a list: rows with data-KEY, the number in the element with this test id.
export const list_of = (page, testid, key, number) => page.evaluate(([testid, key, number]) => {
  const rows = document.querySelectorAll(`[data-testid="${testid}"] [data-${key}]`);
  return Object.fromEntries([...rows].map((row) => [
    row.dataset[key], Number(row.querySelector(`[data-testid="${number}"]`).dataset.value)]));
}, [testid, key, number]);

export const row_of = (page, id) =>
  page.locator(`[data-testid=session-row][data-key="${id}"]`);

// The id of the one session that asked for this.
export async function only_session(node, target) {
  const {sessions} = await sessions_of(node, `text=${encodeURIComponent(target)}`);
  expect_equal(sessions.length, 1, "sessions");
  return sessions[0].id;
}

// "in text 5 hello"
export const frames_of = (page) => page.evaluate(() =>
  [...document.querySelectorAll("[data-testid=frame]")].map((row) =>
    `${row.dataset.direction} ${row.dataset.type} ${row.dataset.value} ` +
    row.querySelector(".text").textContent));

export const screenshot = (page, name, options) =>
  page.screenshot({path: `${plan.screenshots}/dashboard-${name}.png`, ...options});

// The last row of every script.
export async function finish(row) {
  await report(row, async () => {
    expect_equal(errors, [], "errors");
    expect_equal(strangers, [], "requests elsewhere");
    return "none";
  });
  end_all();
  await browser.close();
}
