// Numbers and dates as the browser's locale writes them; words are English.

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const minutes = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const utc = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });

const TYPES = {
  callrecording: "Call recording",
  callrecordingchannel: "Channel",
  callcenterrecording: "Contact center recording",
  screenrecording: "Screen recording",
  meeting: "Meeting",
  voicemail: "Voicemail",
  callcentervoicemail: "Contact center voicemail",
  transcription: "Transcript",
  summary: "Summary",
  sentimentScore: "Sentiment",
  postcallsurvey: "Survey",
  voicecommentrecording: "Voice comment",
  agentnotes: "Agent notes",
};

// A Work call has a transcript for each side.
const SPEAKERS = { owner: "the user", external: "the other party" };

/** What each state of an object means to who looks for it. */
export const STATES = {
  Archived: { label: "Archived", meaning: "Copied, verified and safe." },
  Queued: { label: "Waiting", meaning: "Found at 8x8 and about to be copied." },
  Restoring: { label: "Being restored", meaning: "In 8x8's cold storage. 8x8 was asked to bring it back, which takes up to a day; then it is copied." },
  Failed: { label: "Failed", meaning: "Could not be copied; it can be tried again." },
  Gone: { label: "Gone at 8x8", meaning: "8x8 no longer had it when it was to be copied." },
  Purged: { label: "Archived, deleted at 8x8", meaning: "Copied, verified and safe; deleted at 8x8 on purpose." },
  Expired: { label: "Retention ended", meaning: "Was archived, until your retention policy removed it." },
};

export const number = (value) => whole.format(value ?? 0);
export const rate = (value) => short.format(value ?? 0);
export const typeLabel = (type) => TYPES[type] ?? type;
export const speakerLabel = (speaker) => SPEAKERS[speaker] ?? speaker;
export const stateLabel = (state) => STATES[state]?.label ?? state;
export const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

const DIRECTIONS = { inbound: "Inbound", outbound: "Outbound" };
export const directionLabel = (direction) => DIRECTIONS[direction?.toLowerCase()] ?? direction ?? "";

/** A time within a recording, `1:02:03`, or its length. */
export function clockTime(seconds) {
  const total = Math.floor(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** A field's name as words: `overallScore` is "Overall score". */
export function words(name) {
  const text = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A size in decimal units, as storage is billed. */
export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let size = value ?? 0;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }

  return `${short.format(size)} ${units[unit]}`;
}

const parts = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** In the largest unit of which there are two at least, rounded down: 47 hours are not called a day. */
function largest(seconds) {
  const size = Math.abs(seconds);
  const [unit, length] = parts.find(([, length]) => size >= 2 * length) ?? parts.at(-1);
  return [unit, Math.trunc(seconds / length)];
}

/** How long from now, or ago. */
export function away(time, now = Date.now()) {
  const seconds = Math.round((new Date(time) - now) / 1000);
  if (Math.abs(seconds) < 5) {
    return "now";
  }

  const [unit, value] = largest(seconds);
  return relative.format(value, unit);
}

/** A length of time. */
export function span(milliseconds) {
  const [unit, value] = largest(Math.round(milliseconds / 1000));
  return count(value, unit);
}

export const localTime = (time) => dateTime.format(new Date(time));
export const exactTime = (time) => exact.format(new Date(time));
export const localDate = (time) => date.format(new Date(time));
export const localClock = (time) => clock.format(new Date(time));
export const utcTime = (time) => `${utc.format(new Date(time))} UTC`;
export const axisTime = (seconds, spanSeconds) => (spanSeconds > 2 * 86_400 ? day : spanSeconds < 600 ? clock : minutes).format(new Date(seconds * 1000));

/** The name of the browser's zone, with its distance from UTC now. */
export function zone() {
  const offset = new Intl.DateTimeFormat("en", { timeZoneName: "shortOffset" }).formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;
  return `${Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ")}, ${offset.replace("GMT", "UTC")}`;
}

/** The first instant of a local day, `yyyy-MM-dd`, moved by days; null when there is none. */
export function startOfDay(text, days = 0) {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? "");
  const [year, month, first] = match?.slice(1).map(Number) ?? [];

  // A date that does not exist would become another one.
  return match && isoDay(new Date(year, month - 1, first)) === text ? new Date(year, month - 1, first + days).toISOString() : null;
}

/** What is wrong with the days that a search is limited to; null when nothing is. */
export function problemOfDays({ from, to }) {
  const wrong = [["From", from], ["To", to]].find(([, day]) => day && !startOfDay(day));
  return wrong ? `${wrong[0]} is not a day: “${wrong[1]}”. Choose another one.`
    : from && to && to < from ? "Choose a To after From."
    : null;
}

/** A local day as `yyyy-MM-dd`. */
export function isoDay(time) {
  const two = (value) => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}
