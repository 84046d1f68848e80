// Numbers and names in words that a person reads at a glance.
const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const fine = new Intl.NumberFormat("en", {maximumFractionDigits: 1});
const three_digits = new Intl.NumberFormat("en", {maximumSignificantDigits: 3});

export const count = (value) => whole.format(value);
export const per_second = (value) => (value < 100 ? fine : whole).format(value);
export const plural = (value, one) => `${count(value)} ${one}${value === 1 ? "" : "s"}`;
export const percent = (share) => `${whole.format(Math.floor(share * 100))} %`;

// 1,000 each, as the configuration's MB and GB.
export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; ++unit) value /= 1000;
  return `${three_digits.format(value)} ${units[unit]}`;
}

// The time that a callback takes, from seconds.
export function short_time(seconds) {
  if (Number.isNaN(seconds)) return "–";
  if (seconds === Infinity) return "> 1 s";
  if (seconds < 0.000_999_5) return `${three_digits.format(seconds * 1e6)} µs`;
  if (seconds < 0.999_5) return `${three_digits.format(seconds * 1e3)} ms`;
  return `${three_digits.format(seconds)} s`;
}

// The time that a session is open, from milliseconds.
export function long_time(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

export function clock(time_ms) {
  const time = new Date(time_ms);
  const part = (value, digits = 2) => String(value).padStart(digits, "0");
  const [hours, minutes, seconds] = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return `${part(hours)}:${part(minutes)}:${part(seconds)}.${part(time.getMilliseconds(), 3)}`;
}

export function client_of({remote_address: address, remote_port: port}) {
  if (!port) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

// What clients sent must not play tricks on whoever reads it: characters that steer the text's
// direction, or are not seen at all, are written out.
const unseen = new RegExp("[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c" +
                          "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]", "g");

const written_out = (each) => `\\u{${each.codePointAt(0).toString(16)}}`;

export const visible = (text) => text.replace(unseen, written_out);

// For what stands on one line; and the way back, for those who search for what they see.
export const visible_line = (text) => visible(text).replace(/[\t\n]/g, written_out);
export const from_visible = (text) => text.replace(
    /\\u\{([0-9a-f]{1,4})\}/g, (_, digits) => String.fromCodePoint(parseInt(digits, 16)));

const causes = {
  server: "closed by the gear",
  client: "the client said goodbye",
  client_without_code: "the client said goodbye, without a code",
  idle_timeout: "silent for too long",
  ping_timeout: "a ping stayed without answer",
  protocol_error: "broke the protocol",
  bad_text: "sent text that is not UTF-8",
  too_big: "sent a message that is too big",
  rate_limited: "sent too many messages",
  slow_consumer: "read too slowly",
  message_timeout: "a message took too long to arrive",
  handler_error: "the gear failed",
  drain: "told to reconnect elsewhere",
  name_lost: "its name went to another session",
  kicked: "closed from outside",
  expired: "its time was over",
  pool_closed: "its pool was closed",
  out_of_memory_budget: "its pool had no memory left",
  transport: "the connection broke",
  shutdown_deadline: "cut at the drain's deadline",
};

const drops = {
  closed: "their session had ended",
  outbox_full: "the client read too slowly",
  replaced: "a newer one with the same key came",
  rate_limited: "the client sent too many",
  mailbox_full: "the session's mailbox was full",
  loop_full: "the loop's inbox was full",
};

const refusals = {
  400: "not a proper handshake",
  401: "not signed in",
  403: "not allowed: origin or admission",
  404: "no such route",
  405: "not by this method",
  408: "took too long",
  426: "not a version we speak",
  429: "too often",
  431: "headers too large",
  500: "the gear failed",
  503: "full, draining or out of time",
};

export const cause_in_words = (cause) => causes[cause] ?? "";
export const drop_in_words = (cause) => drops[cause] ?? "";
export const refusal_in_words = (status) => refusals[status] ?? "";
