// A call: its recording with what was said beside it, and all else that belongs to it.

import { mayHaveCases, mayPlay } from "./access.js";
import * as api from "./api.js";
import * as cases from "./cases.js";
import { content, player, readable } from "./content.js";
import { entitle, h, icon, write } from "./dom.js";
import * as find from "./find.js";
import * as format from "./format.js";
import { isArchived, kindOf, nameOf, nameOfCall, objectHref, stateBadge, timeAt, titleOf } from "./parts.js";
import { finder, timedLines } from "./transcript.js";

// A recording, its transcript, its summary and its survey are made within days of one another. A week to each side
// leaves room, and without an index the search reads days instead of years.
const AROUND_A_CALL = 7 * 86_400_000;

// The times that the API accepts. What has no date is filed under the first one.
const FIRST_TIME = 0;
const LAST_TIME = Date.UTC(2200);
const ORDER = { audio: 0, video: 1, text: 2, other: 3 };

const element = (id) => document.getElementById(id);

/** Shows a call. */
export async function open({ region, callId, at, q }, signal) {
  element("call-back").href = find.lastAddress();
  element("call-title").textContent = "Loading …";
  const place = element("call");
  place.replaceChildren();
  const around = timesAround(Date.parse(at));
  let found = 0;
  try {
    for await (const { call, isWhole } of api.readCall(callId, { region, ...around }, signal)) {
      if (call.objects.length === found) {
        // What is there stays as it is: it may be playing.
        place.querySelector(".looking")?.remove();
        continue;
      }

      found = call.objects.length;
      write(element("call-title"), nameOfCall(call));
      entitle(nameOfCall(call));
      place.replaceChildren(...shown(call, region, isWhole, q, signal));
    }
  } catch (error) {
    if (signal.aborted || error.status === 401) {
      throw error;
    }

    if (!found) {
      element("call-title").textContent = "It cannot be shown";
    }

    place.append(h("p", { class: "card error", role: "alert" }, error.message));
    return;
  }

  if (!found) {
    element("call-title").textContent = "Not found";
    place.replaceChildren(h("p", { class: "card error" }, "No object of this call is known."));
  }
}

function timesAround(time) {
  if (!(time >= FIRST_TIME && time <= LAST_TIME)) {
    return {};
  }

  const instant = (each) => new Date(Math.min(Math.max(each, FIRST_TIME), LAST_TIME)).toISOString();
  return { from: instant(time - AROUND_A_CALL), to: instant(time + AROUND_A_CALL) };
}

function shown(call, region, isWhole, q, signal) {
  const objects = call.objects.toSorted((one, other) => ORDER[kindOf(one)] - ORDER[kindOf(other)] || Date.parse(one.createdTime) - Date.parse(other.createdTime));
  const canOpen = (item) => isArchived(item) && mayPlay();
  const main = objects.find((item) => ["audio", "video"].includes(kindOf(item)) && canOpen(item));
  const spoken = objects.filter((item) => item.type === "transcription" && canOpen(item));
  const others = objects.filter((item) => item !== main && !spoken.includes(item));
  const recording = main && player(main, signal);
  const facts = [format.directionLabel(call.direction), call.person && call.number, call.durationSeconds !== undefined && format.clockTime(call.durationSeconds), region]
    .filter(Boolean).join(" · ");
  return [
    h("p", { class: "summary call-facts" }, `${facts} · `, timeAt(call.start)),
    h("div", { class: spoken.length > 0 && recording ? "beside" : null },
      recording && h("section", { class: "card recording", "aria-labelledby": "recording-title" },
        h("h2", { id: "recording-title" }, titleOf(main)),
        recording,
        h("p", null, byItself(main))),
      spoken.length > 0 && h("section", { class: "card", "aria-labelledby": "said-title" },
        h("h2", { id: "said-title" }, "What was said"),
        transcripts(spoken, recording?.querySelector("audio, video"), call, q, signal))),
    others.length > 0 && h("section", { class: "card", "aria-labelledby": "parts-title" },
      h("h2", { id: "parts-title" }, "Also of this call"),
      h("ul", { class: "plain rows call" }, others.map((item) => h("li", null, part(item, canOpen(item), signal))))),
    !isWhole && h("p", { class: "muted looking", role: "status" }, "Looking for more of this call …"),
    mayHaveCases() && h("div", { class: "card" }, cases.adder("Add the call to a case", () => ({
      objects: call.objects.map(({ id, region, createdTime }) => ({ region, id, created: createdTime })),
    }), signal)),
  ].filter(Boolean);
}

/** What each side said: as one conversation when all lines have times, else side by side. */
function transcripts(items, media, call, q, signal) {
  const place = h("div", { class: "said", "aria-busy": "true" }, h("p", { class: "muted" }, "Reading …"));
  const read = items.map((item) => api.readText(item, signal).then(
    ({ text, isWhole }) => ({ item, text, isWhole, lines: timedLines(text, call.start) }),
    (error) => ({ item, error })));
  Promise.all(read).then((texts) => {
    if (signal.aborted) {
      return;
    }

    texts.sort((one, other) => (one.item.speaker === "owner" ? 0 : 1) - (other.item.speaker === "owner" ? 0 : 1));
    const isTimed = media && texts.every(({ lines }) => lines);
    place.replaceChildren(isTimed ? conversation(texts, media, call.person, q) : h("div", { class: "speakers" }, texts.map(side)));
    const hit = place.querySelector("mark");
    if (hit) {
      const lines = hit.closest(".lines");
      lines.scrollTop = hit.offsetTop - lines.clientHeight / 3;
    }

    place.append(...texts.map(({ item, isWhole }) => h("p", { class: "sub" }, isWhole === false && "That is the beginning. ", byItself(item))));
    place.removeAttribute("aria-busy");
  });
  return place;
}

const side = ({ item, text, error }) => h("section", null,
  h("h3", null, titleOf(item)),
  h("div", { class: "text", role: "region", "aria-label": titleOf(item), tabindex: "0" }, error ? h("p", { class: "error" }, error.message) : readable(text)));

/** Lines in the order of their times. One is a stop of the Tab key, the arrow keys lead to the others. */
function conversation(texts, media, person, q) {
  const isWanted = finder(q);
  const nameOfSpeaker = (speaker) => (speaker === "owner" && person) || format.speakerLabel(String(speaker));
  const lines = texts
    .flatMap(({ item, lines }) => lines.map((line) => ({ ...line, speaker: item.speaker ?? line.speaker })))
    .sort((one, other) => one.at - other.at);
  const buttons = lines.map((line, index) => h(
    "button", { type: "button", class: "line", tabindex: index === 0 ? "0" : "-1", click: () => play(index) },
    h("span", { class: "at" }, format.clockTime(line.at)),
    h("span", null, line.speaker && h("b", null, `${nameOfSpeaker(line.speaker)}: `), isWanted(line.text) ? h("mark", null, line.text) : line.text)));
  let current = -1;

  function play(index) {
    stop(index);
    media.currentTime = lines[index].at;
    media.play().catch(() => {});
  }

  function stop(index) {
    buttons.forEach((button, each) => button.setAttribute("tabindex", each === index ? "0" : "-1"));
  }

  media.addEventListener("timeupdate", () => {
    const now = lines.findLastIndex((line) => line.at <= media.currentTime + .05);
    if (now !== current) {
      buttons[current]?.removeAttribute("aria-current");
      buttons[now]?.setAttribute("aria-current", "true");
      current = now;
      if (now >= 0 && !media.paused) {
        const { offsetTop, offsetHeight } = buttons[now];
        place.scrollTop = offsetTop - (place.clientHeight - offsetHeight) / 2;
      }
    }
  });
  const place = h("div", {
    class: "text lines", role: "group", "aria-label": "Conversation", "aria-describedby": "lines-hint",
    keydown: (event) => {
      const from = buttons.indexOf(document.activeElement);
      const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (from >= 0 && buttons[to]) {
        event.preventDefault();
        stop(to);
        buttons[to].focus();
      }
    },
  }, buttons);
  return h("div", null, h("p", { class: "sub", id: "lines-hint" }, "Select a line to play from there; the arrow keys go from line to line."), place);
}

const byItself = (item) => h("a", { href: objectHref(item), "aria-label": `${titleOf(item)} by itself: ${nameOf(item)}` }, `${titleOf(item)} by itself`);

/** Another object of the call. Loaded when it is opened; summaries are opened at once: they are small, and what one looks for. */
function part(item, canOpen, signal) {
  const head = [icon(kindOf(item)), h("b", null, titleOf(item)), h("span", { class: "sub" }, nameOf(item)), stateBadge(item.state)];
  if (!canOpen) {
    return h("div", { class: "part" }, h("p", { class: "part-head" }, head), byItself(item));
  }

  const place = h("div");
  const fold = h("details", { class: "part" }, h("summary", { class: "part-head" }, head), place);
  fold.addEventListener("toggle", () => {
    if (fold.open && !place.hasChildNodes()) {
      place.append(content(item, signal), h("p", null, byItself(item)));
    }
  });
  fold.open = item.type === "summary";
  return fold;
}
