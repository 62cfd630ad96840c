// What there is to hear, see or read of an object.

import * as api from "./api.js";
import { h, write } from "./dom.js";
import * as format from "./format.js";
import { kindOf, nameOf } from "./parts.js";

/** What there is to hear, see or read. */
export function content(item, signal) {
  const kind = kindOf(item);
  return kind === "audio" || kind === "video" ? player(item, signal)
    : kind === "text" ? text(item, signal)
    : h("p", { class: "muted" }, "This kind of content cannot be shown here. Download it to open it.");
}

// The address is good for five minutes, by the archive's clock. This is less, by this browser's own.
const GOOD_FOR = 4.5 * 60_000;

/** Plays from the archive. The address is good for minutes: a new one is asked for when it is over, and playing goes on where it was. */
export function player(item, signal) {
  const message = h("p", { class: "error", role: "alert" });
  const media = h(kindOf(item), { controls: true, preload: "metadata", playsinline: true, "aria-label": nameOf(item) });
  let expires = 0;
  const load = async () => {
    try {
      const asked = Date.now();
      const { url } = await api.readContentAddress(item, signal);
      expires = asked + GOOD_FOR;
      media.src = url;
      message.textContent = "";
    } catch (error) {
      if (!signal.aborted) {
        write(message, error.message);
      }
    }
  };
  const renew = async () => {
    const at = media.currentTime;
    const wasPlaying = !media.paused;
    await load();
    media.currentTime = at;
    if (wasPlaying) {
      media.play().catch(() => {});
    }
  };
  media.addEventListener("play", () => Date.now() > expires && renew());
  media.addEventListener("error", () => {
    if (Date.now() > expires) {
      renew();
    } else {
      message.textContent = "This browser cannot play it. Download it to open it with another program.";
    }
  });
  signal.addEventListener("abort", () => {
    media.pause();
    media.removeAttribute("src");
  });
  load();
  return h("div", { class: "player" }, media, message);
}

function text(item, signal) {
  const place = h("div", { class: "text", role: "region", "aria-label": `Text of ${nameOf(item)}`, tabindex: "0", "aria-busy": "true" }, h("p", { class: "muted" }, "Reading …"));
  api.readText(item, signal).then(
    (written) => place.replaceChildren(...readable(written.text), written.isWhole ? "" : h("p", { class: "muted" }, "That is the beginning. Download it for the rest.")),
    (error) => signal.aborted || place.replaceChildren(h("p", { class: "error" }, error.message)))
    .finally(() => place.removeAttribute("aria-busy"));
  return place;
}

/** JSON as people read it: texts as paragraphs, the rest as terms and values. */
export function readable(written) {
  try {
    return [structure(JSON.parse(written), 0)];
  } catch {
    return [h("p", { class: "prose" }, written)];
  }
}

function structure(value, depth) {
  if (Array.isArray(value)) {
    return h("ol", { class: "plain" }, value.map((entry) => h("li", null, structure(entry, depth + 1))));
  }

  if (value !== null && typeof value === "object" && depth < 20) {
    return h("dl", { class: "written" }, Object.entries(value).map(([name, entry]) => h("div", null, h("dt", null, format.words(name)), h("dd", null, structure(entry, depth + 1)))));
  }

  return h("p", { class: "prose" }, String(typeof value === "object" ? JSON.stringify(value) : value));
}
