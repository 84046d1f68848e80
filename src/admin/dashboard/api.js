// The node's API, with the operator's token if it wants one. Addresses are relative: the page may
// be served below a path.
const key = "orrery-admin-token";
const patience_ms = 10_000;

let token = "";
try { token = sessionStorage.getItem(key) ?? ""; } catch { /* not allowed */ }

export const has_token = () => token !== "";

export function use_token(text) {
  token = text;
  try {
    if (text) sessionStorage.setItem(key, text);
    else sessionStorage.removeItem(key);
  } catch { /* not allowed */ }
}

const bytes_of = (text) => Array.from(new TextEncoder().encode(text));

// A Response, whatever its status; throws when the node can't be reached.
export function ask(path, {method = "GET", signal} = {}) {
  // A header's characters are bytes; the token is compared as UTF-8.
  const shown = String.fromCharCode(...bytes_of(token));
  const headers = token ? {Authorization: `Bearer ${shown}`} : {};
  const limit = AbortSignal.timeout(patience_ms);
  const both = () => AbortSignal.any?.([signal, limit]) ?? signal;  // not in every browser of 2023
  const ends = signal ? both() : limit;
  return fetch(path, {method, headers, signal: ends, cache: "no-store"});
}

export const close_session = (id) =>
  ask(`api/sessions/${encodeURIComponent(id)}/close`, {method: "POST"});
export const drain = () => ask("api/drain", {method: "POST"});

// A browser's WebSocket takes no headers, so the token travels, in hexadecimal, as a subprotocol.
function subprotocols() {
  if (!token) return ["orrery.live"];
  const digits = bytes_of(token).map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return ["orrery.live", `orrery.token.${digits}`];
}

export function open_live() {
  const url = new URL("api/live", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url, subprotocols());
}
