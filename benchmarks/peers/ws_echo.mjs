// Node's `ws`, one thread, as its users write it. What it offers: README.md.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { WebSocketServer } from "ws";

const { PORT, CERTIFICATE, KEY } = process.env;
const mostWaitingBytes = 1 << 20; // then a reader is too slow
const groups = new Map();

const plain = new WebSocketServer({ noServer: true, clientTracking: false });
const deflate = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: { threshold: 0, zlibDeflateOptions: { level: 1 } },
});

function tell(client, bytes, binary) {
  if (client.bufferedAmount > mostWaitingBytes) client.terminate();
  else client.send(bytes, { binary });
}

function echo(client) {
  client.on("message", (bytes, binary) => tell(client, bytes, binary));
}

function join(client, path) {
  let group = groups.get(path);
  if (!group) groups.set(path, (group = new Set()));
  group.add(client);
  client.on("close", () => group.delete(client));
  client.on("message", (bytes, binary) => {
    for (const other of group) if (other !== client) tell(other, bytes, binary);
  });
}

const server = CERTIFICATE
  ? https.createServer({ cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) })
  : http.createServer();
server.on("upgrade", (request, socket, head) => {
  const path = request.url;
  const door = path === "/deflate" ? deflate : plain;
  door.handleUpgrade(request, socket, head, (client) => {
    client.on("error", () => {});
    if (path.startsWith("/echo/groups/")) join(client, path);
    else echo(client);
  });
});
server.listen({ host: "127.0.0.1", port: Number(PORT), backlog: 4096 });
