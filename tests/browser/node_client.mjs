// Node's `ws` against the server. One argument: JSON with the servers' URLs (see script.py).
// Prints one JSON line per row: {"row", "answer"} or {"row", "why"}.
import {readFileSync} from "node:fs";
import Client from "ws";
import "./scenarios.js";
import {report, goodbye} from "./report.mjs";

const plan = JSON.parse(process.argv[2]);
const options = {
  ca: readFileSync(plan.certificate),
  perMessageDeflate: plan.compression,
  maxPayload: 32 << 20,
};
const opener = (url) => (path) => new Client(url.replace(/^http/, "ws") + path, options);
const open = opener(plan.url);

for (const [name, scenario] of Object.entries(globalThis.scenarios)) {
  await report(name, () => scenario(open, opener(plan.passive), opener(plan.pinging)));
}

function event(socket, name) {
  return new Promise((resolve, reject) => {
    socket.once(name, (...values) => resolve(values));
    socket.once("error", reject);
    setTimeout(() => reject(new Error(`no ${name} within 15 s`)), 15_000).unref();
  });
}

await report("compression is negotiated as configured", async () => {
  const socket = open("/echo");
  await event(socket, "open");
  const negotiated = socket.extensions.includes("permessage-deflate");
  socket.terminate();
  if (negotiated !== plan.compression) throw new Error(`extensions: ${socket.extensions}`);
  return socket.extensions || "none";
});

await report("a message in fragments comes back whole", async () => {
  const socket = open("/echo");
  await event(socket, "open");
  for (let at = 0; at < 100; ++at) socket.send(`part ${at};`.repeat(20), {fin: at === 99});
  const [data, binary] = await event(socket, "message");
  const wanted = Array.from({length: 100}, (_, at) => `part ${at};`.repeat(20)).join("");
  if (binary || data.toString() !== wanted) throw new Error(`${data.length} bytes came back`);
  socket.close(1000);
  await event(socket, "close");
  return `${data.length} bytes`;
});

await report("a ping is answered with its payload", async () => {
  const socket = open("/echo");
  await event(socket, "open");
  socket.ping("are you there?");
  const [payload] = await event(socket, "pong");
  socket.close();
  if (payload.toString() !== "are you there?") throw new Error(`pong ${payload}`);
  return "pong";
});

await report("a refused handshake shows its status", async () => {
  const socket = open("/nothing-here");
  const status = await new Promise((resolve, reject) => {
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode));
    socket.on("open", () => reject(new Error("it was accepted")));
    socket.on("error", () => {});
  });
  if (status !== 404) throw new Error(`status ${status}`);
  return "404";
});

await report("the server's end is heard as 1001", async () => {
  const socket = opener(plan.goodbye)("/echo");
  await event(socket, "open");
  goodbye();
  const [code, reason] = await event(socket, "close");
  if (code !== 1001) throw new Error(`closed with ${code}`);
  return `1001 ${reason}`;
});
process.exit(0);  // timers of patience may still be waiting
