// One object: hear it, see it, read it, fetch it, have it archived again.

import { mayHaveCases, mayPlay, maySteer } from "./access.js";
import * as api from "./api.js";
import * as cases from "./cases.js";
import { content } from "./content.js";
import { entitle, facts, h, icon, once, write } from "./dom.js";
import * as find from "./find.js";
import * as format from "./format.js";
import { callHref, isArchived, kindOf, nameOf, stateBadge, timeAt, timeAway, titleOf } from "./parts.js";

const VERIFICATIONS = {
  md5: "The MD5 is the one that 8x8 names",
  "multipart-md5": "The MD5 of its parts is the one that 8x8 names",
  size: "The size is the one that 8x8 names; 8x8 names no checksum that fits",
  none: "8x8 names neither size nor checksum; two downloads gave the same content",
};

const element = (id) => document.getElementById(id);

/** Shows an object. */
export async function open(key, signal) {
  element("object-back").href = find.lastAddress();
  element("object-title").textContent = "Loading …";
  element("object").replaceChildren();
  let item;
  try {
    item = await api.readObject(key, signal);
  } catch (error) {
    if (signal.aborted || error.status === 401) {
      throw error;
    }

    element("object-title").textContent = error.status === 404 ? "Not found" : "It cannot be shown";
    element("object").replaceChildren(h("p", { class: "card error" }, error.message));
    return;
  }

  write(element("object-title"), nameOf(item));
  entitle(nameOf(item));
  element("object").replaceChildren(main(item, signal), details(item));
}

// A file without a call is looked for by its own id: its bucket can hold other calls.
const callOf = (item) => item.callId ?? (item.bucketId && item.id);

function main(item, signal) {
  const kind = kindOf(item);
  const result = h("p", { class: "result", role: "status" });
  return h(
    "section", { class: "card", "aria-label": "Content" },
    h("div", { class: "head" },
      h("p", { class: "summary" }, icon(kind), `${titleOf(item)} · ${item.region} · `, timeAt(item.createdTime)),
      stateBadge(item.state)),
    isArchived(item) && !mayPlay() ? h("p", { class: "muted" }, "Your role does not open content.")
      : isArchived(item) ? content(item, signal) : h("p", { class: item.state === "Failed" ? "error" : "muted" }, format.STATES[item.state]?.meaning ?? item.state),
    item.lastError && h("p", { class: "reason" }, h("b", null, "What went wrong last: "), item.lastError),
    h("div", { class: "buttons" },
      isArchived(item) && mayPlay() && h("button", { type: "button", class: "primary", click: () => download(item, result) }, "Download"),
      maySteer() && h(
        "button", { type: "button", click: ({ currentTarget }) => once(currentTarget, () => archiveAgain(item, result)) },
        item.state === "Failed" ? "Try again" : "Archive again")),
    result,
    callOf(item) && h("p", null, h("a", { class: "whole-call", href: callHref(item.region, callOf(item), item.createdTime) }, "Show all of this call")),
    mayHaveCases() && cases.adder("Add to a case", () => ({ objects: [{ region: item.region, id: item.id, created: item.createdTime }] }), signal));
}

function details(item) {
  return h(
    "section", { class: "card", "aria-labelledby": "details-title" },
    h("h2", { id: "details-title" }, "Details"),
    facts([
      ["State", `${format.stateLabel(item.state)}. ${format.STATES[item.state]?.meaning ?? ""}`],
      ["Made", [format.localTime(item.createdTime), h("span", { class: "sub" }, format.utcTime(item.createdTime))]],
      ["Archived", item.archivedAt && [format.localTime(item.archivedAt), h("span", { class: "sub" }, format.utcTime(item.archivedAt))]],
      ["Verified", item.verification && (VERIFICATIONS[item.verification] ?? item.verification)],
      ["Size", item.bytes === undefined ? null : `${format.bytes(item.bytes)} (${format.number(item.bytes)} bytes)`],
      ["8x8 deletes it", item.deletedBy8x8On && [timeAway(item.deletedBy8x8On), h("span", { class: "sub" }, format.localTime(item.deletedBy8x8On))]],
      ["Asked to restore", item.restoreRequestedAt && timeAway(item.restoreRequestedAt)],
      ["Attempts", item.attempts ? format.number(item.attempts) : null],
      ["Call", item.callId && h("a", { href: callHref(item.region, item.callId, item.createdTime) }, item.callId)],
      ["Agent", item.agentName && h("a", { href: `#/find?q=${encodeURIComponent(item.agentName)}` }, item.agentName)],
      ["Queue", item.queueName && h("a", { href: `#/find?q=${encodeURIComponent(item.queueName)}` }, item.queueName)],
      ["Speaker", item.speaker && format.speakerLabel(item.speaker)],
      ["Region", item.region],
      ["Content type", item.mimeType],
      ["Id at 8x8", h("code", null, item.id)],
      ["In the container", item.blob && h("code", null, item.blob)],
      ["SHA-256", item.sha256 && h("code", null, item.sha256)],
      ["MD5", item.md5 && h("code", null, item.md5)],
    ]));
}

async function download(item, result) {
  result.className = "result";
  result.textContent = "";
  try {
    // What is at this address is saved under its own name, so the page stays.
    const { url } = await api.readDownloadAddress(item);
    h("a", { href: url, rel: "noreferrer" }).click();
    result.textContent = "The download starts.";
  } catch (error) {
    result.className = "result error";
    write(result, error.message);
  }
}

async function archiveAgain(item, result) {
  result.className = "result";
  try {
    await api.archiveAgain(item);
    result.textContent = "It is back in the queue and is copied as soon as its turn comes.";
  } catch (error) {
    result.className = "result error";
    write(result, error.message);
  }
}
