// The button that lets the node say goodbye, and how far it has come.
import {by_id, element, mark, write} from "./dom.js";
import {drain} from "./api.js";
import {confirmed} from "./confirm.js";
import {plural} from "./words.js";

const button = by_id("drain"), progress = by_id("draining");
const concerned = element("b", {testid: "drain-count"});

export function show_drain({status, newest}) {
  write(concerned, plural(newest.sessions, "session"), newest.sessions);
  button.hidden = status.draining;
  button.disabled = false;
  progress.hidden = !status.draining;
  if (!status.draining) return;
  const left = newest.sessions;
  write(progress, left > 0 ? `draining: ${plural(left, "session")} left` : "drained", left);
  mark(progress, "state", left > 0 ? "draining" : "drained");
}

// `notices` gets the answer in words, `refused` is called when a token is needed.
export function make_drain({notices, refused}) {
  button.addEventListener("click", async () => {
    const sure = await confirmed({
      title: "Drain this node?",
      content: [concerned, " will be told, one by one, to reconnect elsewhere. Newcomers are " +
                           "refused. The node ends when all are gone; this can't be taken back."],
      yes: "Drain", testid: "drain-confirm",
    });
    if (!sure) return;
    try {
      const answer = await drain();
      if (answer.status === 401) return refused();
      notices(answer.ok ? "The node has begun to drain."
                        : `The node does not drain: it answered ${answer.status}.`);
    } catch {
      notices("The node does not answer: nobody knows whether it drains.");
    }
  });
}
