// Bun's own server, one thread per loop, as its users write it. What it offers: README.md.
import { isMainThread, Worker } from "node:worker_threads";

const { PORT, CERTIFICATE, KEY, THREADS } = process.env;
const loops = Number(THREADS ?? 1);
const mostWaitingBytes = 1 << 20; // then a reader is too slow
const groupPath = "/echo/groups/";

if (isMainThread)
  for (let i = 1; i < loops; ++i) new Worker(new URL(import.meta.url));

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(PORT),
  reusePort: loops > 1,
  tls: CERTIFICATE ? { cert: Bun.file(CERTIFICATE), key: Bun.file(KEY) } : undefined,
  fetch(request, server) {
    const path = request.url.slice(request.url.indexOf("/", "https://".length));
    const group = path.startsWith(groupPath) ? path : undefined;
    if (server.upgrade(request, { data: { group, compress: path === "/deflate" } })) return;
    return new Response("a WebSocket, please", { status: 426 });
  },
  websocket: {
    perMessageDeflate: { compress: "shared", decompress: "shared" },
    backpressureLimit: mostWaitingBytes,
    closeOnBackpressureLimit: true,
    open(client) {
      if (client.data.group) client.subscribe(client.data.group);
    },
    message(client, message) {
      const { group, compress } = client.data;
      if (group) client.publish(group, message);
      else client.send(message, compress);
    },
  },
});
