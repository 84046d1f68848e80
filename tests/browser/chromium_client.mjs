// Real headless Chromium against the server. One argument: JSON with the servers' URLs (script.py).
import {readFileSync} from "node:fs";
import {launch} from "./chromium.mjs";
import {report, goodbye} from "./report.mjs";
import {chat_rows} from "./chat_pages.mjs";

const plan = JSON.parse(process.argv[2]);
const browser = await launch(plan);
// Without the pages' own policy, so that refusals are the server's.
const context = await browser.newContext({ignoreHTTPSErrors: true, bypassCSP: true});
const script = readFileSync(new URL("./scenarios.js", import.meta.url), "utf8");

// A page of this server: its scripts have this server's origin.
async function page_of(url) {
  const page = await context.newPage();
  await page.goto(url + "/");
  await page.evaluate(script);
  return page;
}

const pages = {};
for (const name of ["url", "passive", "pinging", "goodbye"]) {
  pages[name] = await page_of(plan[name]);
}

const which = {
  "the server closes an idle passive session with 1000 and a reason": "passive",
  "an idle session whose client answers pings stays open": "pinging",
};
for (const name of await pages.url.evaluate(() => Object.keys(globalThis.scenarios))) {
  await report(name, () => pages[which[name] ?? "url"].evaluate((name) => {
    const open = (path) => new WebSocket(location.origin.replace(/^http/, "ws") + path);
    return globalThis.scenarios[name](open, open, open);
  }, name));
}

function opened(page) {
  return page.evaluate(() => new Promise((resolve, reject) => {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/echo");
    socket.onopen = () => resolve(socket.extensions);
    globalThis.session_end = new Promise((heard) => {
      socket.onclose = ({code, reason}) => heard({code, reason});
    });
    globalThis.session_end.then(({code}) => reject(new Error(`closed with ${code}`)));
  }));
}

await report("compression is negotiated as configured", async () => {
  const extensions = await opened(pages.url);
  if (extensions.includes("permessage-deflate") !== plan.compression) throw new Error(extensions);
  return extensions || "none";
});

await report("a page of another origin is refused", async () => {
  const answer = await pages.passive.evaluate((url) => new Promise((resolve) => {
    const socket = new WebSocket(url.replace(/^http/, "ws") + "/echo");
    socket.onopen = () => resolve("accepted");
    socket.onclose = ({code}) => resolve(`closed with ${code}`);
  }), plan.url);
  if (answer !== "closed with 1006") throw new Error(answer);
  return "1006";
});

await report("the server's end is heard as 1001", async () => {
  await opened(pages.goodbye);
  goodbye();
  const {code, reason} = await pages.goodbye.evaluate(() => Promise.race([
    globalThis.session_end,
    new Promise((resolve) => setTimeout(() => resolve({code: "nothing within 15 s"}), 15_000)),
  ]));
  if (code !== 1001) throw new Error(`closed with ${code}`);
  return `1001 ${reason}`;
});

if (!plan.compression) await chat_rows(browser, plan);
await browser.close();
