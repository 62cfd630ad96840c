// What several screens show alike.

import { h, icon } from "./dom.js";
import * as format from "./format.js";

export const nameOf = (item) => item.objectName || item.id;

export const objectHref = ({ region, id, createdTime }) => `#/object/${encodeURIComponent(region)}/${encodeURIComponent(id)}?created=${encodeURIComponent(createdTime)}`;

/** Where a call is shown; with the time of one of its objects it is found sooner. Words that were looked for are marked. */
export const callHref = (region, callId, time, q) => `#/call/${encodeURIComponent(region)}/${encodeURIComponent(callId)}?${new URLSearchParams(q ? { at: time, q } : { at: time })}`;

/** What kind of object it is, and who speaks in it. */
export const titleOf = (item) => [format.typeLabel(item.type), item.speaker && format.speakerLabel(item.speaker)].filter(Boolean).join(": ");

/** Whether objects are of a call, and not one that belongs to none. */
export const isCall = ({ callId, objects }) => objects.length > 1 || objects[0].id !== callId;

/** Who spoke, or, where 8x8's tags do not say it, the name of what was recorded. */
export const nameOfCall = ({ person, number, objects }) => person || number || nameOf(objects[0]);

/** A time as distance from now, kept true by the clock; the time itself in UTC as its tooltip. */
export function timeAway(time) {
  return h("time", { datetime: time, title: format.utcTime(time), "data-away": "" }, format.away(time));
}

/** A time by the browser's clock; in UTC as its tooltip. */
export const timeAt = (time, written = format.localTime) => h("time", { datetime: time, title: format.utcTime(time) }, written(time));

/** Goes to an address of the page; to the one that is shown as if it were another, so that it is asked for again. */
export function goTo(address) {
  if (location.hash === address) {
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = address;
  }
}

/** Keeps all distances true. */
export function tick() {
  const now = Date.now();
  for (const element of document.querySelectorAll("[data-away]")) {
    const text = format.away(element.getAttribute("datetime"), now);
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }
}

export const stateBadge = (state) => h("span", { class: `badge state-${state}` }, icon(state), format.stateLabel(state));

const TEXT_TYPES = ["transcription", "summary", "sentimentScore", "agentnotes", "postcallsurvey"];

/** What an object is to who looks at it: audio, video, text or other. */
export function kindOf({ mimeType, type }) {
  const mime = (mimeType ?? "").toLowerCase();
  return mime.startsWith("audio/") ? "audio"
    : mime.startsWith("video/") ? "video"
    : mime.startsWith("text/") || mime.startsWith("application/json") || TEXT_TYPES.includes(type) ? "text"
    : "other";
}

export const isArchived = ({ state }) => state === "Archived" || state === "Purged";
