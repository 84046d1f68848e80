// What a browser and Node's `ws` both do, through the one API they share: the standard WebSocket.
// Each scenario gets open(path) and answers a word, or throws. Loaded as a script by the page and
// by node_client.mjs; so no imports, and one global.
globalThis.scenarios = (() => {
  const patience_ms = 15_000;

  function within(promise, what) {
    const late = new Promise((_, reject) => setTimeout(
      () => reject(new Error(`${what}: nothing within ${patience_ms} ms`)), patience_ms));
    return Promise.race([promise, late]);
  }

  // A socket with what it heard, in order; receive() waits for the next message.
  function listen(socket) {
    socket.binaryType = "arraybuffer";
    const heard = [], waiting = [];
    socket.addEventListener("message", ({data}) => {
      if (waiting.length > 0) waiting.shift().resolve(data);
      else heard.push(data);
    });
    socket.opened = new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener(
        "close", ({code}) => reject(new Error(`closed with ${code} at once`)));
      socket.addEventListener("error", () => {});
    });
    socket.opened.catch(() => {});
    socket.closed = new Promise((resolve) => socket.addEventListener("close", (event) => {
      const closed = {code: event.code, reason: event.reason, clean: event.wasClean};
      const error = new Error(`closed with ${closed.code} ${closed.reason}`);
      for (const {reject} of waiting) reject(error);
      resolve(closed);
    }));
    socket.receive = () => within(new Promise((resolve, reject) => {
      if (heard.length > 0) resolve(heard.shift());
      else waiting.push({resolve, reject});
    }), "message");
    return socket;
  }

  async function connect(open, path = "/echo") {
    const socket = listen(open(path));
    await within(socket.opened, "open");
    return socket;
  }

  function same(seen, wanted, what) {
    if (seen !== wanted) {
      throw new Error(`${what}: saw ${JSON.stringify(seen)}, wanted ${JSON.stringify(wanted)}`);
    }
  }

  function same_bytes(seen, wanted, what) {
    const a = new Uint8Array(seen), b = new Uint8Array(wanted);
    same(a.length, b.length, `${what}: length`);
    const at = a.findIndex((byte, index) => byte !== b[index]);
    if (at >= 0) throw new Error(`${what}: byte ${at}`);
  }

  function bytes(count) {
    const made = new Uint8Array(count);
    let state = 12345;
    for (let at = 0; at < count; ++at) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      made[at] = state >> 16;
    }
    return made;
  }

  async function ends(socket, code, reason, clean = true) {
    const closed = await within(socket.closed, "close");
    same(closed.code, code, "code");
    if (reason !== undefined) same(closed.reason, reason, "reason");
    same(closed.clean, clean, "wasClean");
    return `${closed.code} ${closed.reason}`.trim();
  }

  async function echoes_text(open, text) {
    const socket = await connect(open);
    socket.send(text);
    const heard = await socket.receive();
    if (heard !== text) throw new Error(`${text.length} characters came back changed`);
    socket.close(1000);
    return ends(socket, 1000);
  }

  async function echoes_binary(open, data) {
    const socket = await connect(open);
    socket.send(data);
    same_bytes(await socket.receive(), data, "echo");
    socket.close(1000);
    return ends(socket, 1000);
  }

  return {
    "text comes back": (open) => echoes_text(open, "Grüße, κόσμε, 👨‍👩‍👧‍👦"),
    "an empty text comes back": (open) => echoes_text(open, ""),
    "binary comes back": (open) => echoes_binary(open, bytes(100_000)),
    "16 MiB of text come back": (open) => echoes_text(open, "0123456789abcdef".repeat(1 << 20)),
    "16 MiB of binary come back": (open) => echoes_binary(open, bytes(16 << 20)),

    "1,000 messages come back in order": async (open) => {
      const socket = await connect(open);
      for (let at = 0; at < 1000; ++at) socket.send(`message ${at} ${"x".repeat(at)}`);
      for (let at = 0; at < 1000; ++at) {
        same(await socket.receive(), `message ${at} ${"x".repeat(at)}`, `message ${at}`);
      }
      socket.close(1000);
      return ends(socket, 1000);
    },

    "the client closes with 4001 and a reason": async (open) => {
      const socket = await connect(open);
      socket.close(4001, "bye");
      return ends(socket, 4001);
    },

    "the client closes without a code": async (open) => {
      const socket = await connect(open);
      socket.close();
      return ends(socket, 1005);
    },

    "the server closes with 1009": async (open) => {
      const socket = await connect(open);
      socket.send(new Uint8Array(18 << 20));
      const closed = await within(socket.closed, "close");
      same(closed.code, 1009, "code");
      return `1009 ${closed.reason}`;
    },

    "the server closes an idle passive session with 1000 and a reason": async (_, passive) => {
      const socket = await connect(passive);
      return ends(socket, 1000, "idle timeout: no data or ping for 1 s");
    },

    "an idle session whose client answers pings stays open": async (_, __, pinging) => {
      const socket = await connect(pinging);
      const first = await Promise.race([
        socket.closed.then(({code}) => `closed with ${code}`),
        new Promise((resolve) => setTimeout(() => resolve("open"), 7000)),
      ]);
      same(first, "open", "after 7 s");
      socket.send("alive");
      same(await socket.receive(), "alive", "echo");
      socket.close(1000);
      return ends(socket, 1000);
    },

    "a path without a route is refused": async (open) => {
      const socket = listen(open("/nothing-here"));
      const closed = await within(socket.closed, "close");
      same(closed.code, 1006, "code");
      return "1006";
    },

    "two members of a group hear each other": async (open) => {
      const path = `/echo/groups/${Math.random()}`;
      const [one, other] = [await connect(open, path), await connect(open, path)];
      one.send("from one");
      same(await other.receive(), "from one", "other heard");
      other.send(bytes(1000));
      same_bytes(await one.receive(), bytes(1000), "one heard");
      one.close(1000);
      other.close(1000);
      return ends(one, 1000);
    },
  };
})();
