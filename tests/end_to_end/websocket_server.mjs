// Node's `ws` as a server for our client: an echo that also does what a few words ask for.
// Prints `listening http://HOST:PORT`, as `orrery serve` does.
import {WebSocketServer} from "ws";

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: {threshold: 0},
  handleProtocols: (offered) => (offered.has("feed.v2") ? "feed.v2" : false),
  verifyClient: ({req}, done) => {
    const welcome = req.url !== "/private" || req.headers.authorization === "Bearer sesame";
    done(welcome, 401, "sign in first");
  },
});

const words = {
  "which extensions": (socket) => socket.send(socket.extensions || "none"),
  "ping me": (socket) => socket.ping("tick"),
  "close me": (socket) => socket.close(4002, "as you wish"),
  "cut me off": (socket) => socket.terminate(),
  "in fragments": (socket) => {
    socket.send("in ", {fin: false});
    socket.send("fragments", {fin: true});
  },
};

server.on("connection", (socket) => {
  socket.on("pong", (payload) => socket.send(`your pong: ${payload}`));
  socket.on("message", (data, binary) => {
    const act = binary ? undefined : words[data.toString()];
    act ? act(socket) : socket.send(data, {binary});
  });
});
server.on("listening", () => console.log(`listening http://127.0.0.1:${server.address().port}`));
process.on("SIGTERM", () => process.exit(0));
