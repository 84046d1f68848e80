// The connection to the node: asks first who may come in, listens, notices silence, comes back.
import {ask, open_live} from "./api.js";

const first_wait_ms = 500;
const longest_wait_ms = 15_000;
const steady_ms = 5_000;  // a connection that lasted so long was none of a row of failures
const stale_ms = 3_500;   // the node speaks every second
const silence_ms = 8_000;
const watch_ms = 250;

// `tells` has on_message(message), on_change(state, words) and on_token(why). States: connecting,
// connected, stale, waiting, refused.
export class Live {
  #tells;
  #socket = null;
  #opened_at = 0;
  #heard_at = 0;
  #due_at = 0;
  #failures = 0;
  #state = "";
  #why = "";

  constructor(tells) {
    this.#tells = tells;
    setInterval(() => this.#watch(), watch_ms);
    addEventListener("online", () => this.#state === "waiting" && this.connect());
  }

  send(text) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  async connect() {
    this.#change("connecting", "connecting …");
    try {
      const answer = await ask("api/status");
      if (answer.status === 401) return this.refused();
      if (!answer.ok) return this.#lost((await answer.text()).trim() || `status ${answer.status}`);
    } catch {
      return this.#lost("the node does not answer");
    }
    this.#listen();
  }

  // Also told by those whose requests got 401.
  refused() {
    if (this.#state === "refused") return;
    this.#forget();
    this.#change("refused", "a token is needed");
    this.#tells.on_token();
  }

  #listen() {
    const mine = this.#socket = open_live();
    this.#opened_at = this.#heard_at = performance.now();
    mine.onmessage = ({data}) => {
      if (mine !== this.#socket) return;
      this.#heard_at = performance.now();
      this.#change("connected", "live");
      this.#tells.on_message(JSON.parse(data));
    };
    mine.onclose = () => mine === this.#socket && this.#lost("the connection was lost");
  }

  #forget() {
    const old = this.#socket;
    this.#socket = null;
    old?.close();
  }

  // Full jitter: the dashboards of a node that comes back don't come back all at once.
  #lost(why) {
    const lasted = this.#socket ? performance.now() - this.#opened_at : 0;
    this.#forget();
    this.#failures = lasted > steady_ms ? 0 : this.#failures + 1;
    const most = Math.min(longest_wait_ms, first_wait_ms * 2 ** this.#failures);
    this.#due_at = performance.now() + Math.random() * most;
    this.#why = why;
    this.#wait();
  }

  #wait() {
    const seconds = Math.ceil((this.#due_at - performance.now()) / 1000);
    if (seconds > 0) this.#change("waiting", `${this.#why}; again in ${seconds} s`);
    else this.connect();
  }

  #watch() {
    if (this.#state === "waiting") return this.#wait();
    const silence = performance.now() - this.#heard_at;
    if (!this.#socket || silence < stale_ms) return;
    if (silence > silence_ms) this.#lost("the node fell silent");
    else this.#change("stale", `nothing heard for ${Math.floor(silence / 1000)} s`);
  }

  #change(state, words) {
    this.#state = state;
    this.#tells.on_change(state, words);
  }
}
