// Makes elements. Text goes in as text and attributes as attributes, so that no value can become markup.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  safe: ["M12 3l7.5 2.8v5.7c0 4.9-3.1 8.3-7.5 10-4.4-1.7-7.5-5.1-7.5-10V5.8z", "M8.5 12l2.5 2.5 4.5-4.8"],
  risk: ["M12 3.5L22 20.5H2z", "M12 10v4.5", "M12 17.3v.1"],
  unknown: ["M12 3a9 9 0 100 18 9 9 0 000-18z", "M9.5 9.5a2.5 2.5 0 114 2c-1 .7-1.5 1.2-1.5 2.3", "M12 17v.1"],
  Archived: ["M5 12.5l4.5 4.5L19 7.5"],
  Queued: ["M12 3a9 9 0 100 18 9 9 0 000-18z", "M12 7.5V12l3 2"],
  Restoring: ["M4 12a8 8 0 0113.7-5.7L20 8.5", "M20 4v4.5h-4.5", "M20 12a8 8 0 01-13.7 5.7L4 15.5", "M4 20v-4.5h4.5"],
  Failed: ["M12 3a9 9 0 100 18 9 9 0 000-18z", "M9 9l6 6", "M15 9l-6 6"],
  Gone: ["M12 3a9 9 0 100 18 9 9 0 000-18z", "M8 12h8"],
  Purged: ["M5 12.5l4.5 4.5L19 7.5"],
  Expired: ["M12 3a9 9 0 100 18 9 9 0 000-18z", "M8 12h8"],
  audio: ["M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z", "M15.5 9a4 4 0 010 6", "M18 6.5a7.5 7.5 0 010 11"],
  video: ["M3.5 6.5h11v11h-11z", "M14.5 10.5l6-3v9l-6-3z"],
  text: ["M6 3.5h8l4 4v13H6z", "M9 12h6", "M9 16h6"],
  other: ["M6 3.5h8l4 4v13H6z"],
};

// Attributes that people hear or read. The others keep every character: an address without one leads elsewhere.
const READ = ["aria-label", "title"];

/** A text as people may see it: without the marks for a direction of writing, with which a name can look like another one. */
export const legible = (text) => String(text).replace(/\p{Bidi_Control}/gu, "");

/** Shows a text in an element of the page. */
export function write(element, text) {
  element.textContent = legible(text);
}

/** Names the page in the browser's tab. */
export function entitle(name) {
  document.title = `${legible(name)} – 8x8 archive`;
}

/** An element with attributes, listeners (functions) and children (text or nodes; null is left out). */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : READ.includes(name) ? legible(value) : value);
    }
  }

  const shown = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  element.append(...shown.map((child) => (child instanceof Node ? child : legible(child))));
  return element;
}

/** A drawing; the words beside it say the same. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  for (const data of PATHS[name] ?? PATHS.other) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", data);
    svg.append(path);
  }

  return svg;
}

/** Shows what depends on data, and leaves everything alone while that is the same. The focus stays where it was. */
export function show(container, data, build) {
  const key = JSON.stringify(data);
  if (container.shown === key) {
    return;
  }

  container.shown = key;
  const focused = container.contains(document.activeElement) ? document.activeElement.getAttribute("data-focus") : null;
  const content = build(data);
  container.replaceChildren(...[content].flat().filter(Boolean));
  if (focused) {
    for (const element of container.querySelectorAll("[data-focus]")) {
      if (element.getAttribute("data-focus") === focused) {
        element.focus({ preventScroll: true });
      }
    }
  }
}

const kindOfColumn = ({ number, wide, long }) => [number && "number", wide && "wide-only", long && "long"].filter(Boolean).join(" ") || null;

/** A table. A column is {label, cell(row), number?, wide?, long?, header?}; wide ones are left out on a narrow screen, and in long ones any word may break. */
export function table(caption, columns, rows) {
  return h(
    "table",
    null,
    h("caption", { class: "sr-only" }, caption),
    h("thead", null, h("tr", null, columns.map((column) => h("th", { scope: "col", class: kindOfColumn(column) }, column.label)))),
    h("tbody", null, tableRows(columns, rows)));
}

/** Rows of such a table. */
export const tableRows = (columns, rows) => rows.map((row) => h("tr", null, columns.map((column) =>
  h(column.header ? "th" : "td", { scope: column.header ? "row" : null, class: kindOfColumn(column) }, column.cell(row)))));

/** Terms and what they are; a value of null leaves the term out. */
export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([term, value]) => h("div", null, h("dt", null, term), h("dd", null, value))));
}

/** Says something to those who do not see it change. */
export function announce(text) {
  write(document.getElementById("announcement"), text);
}

/** Does what a button stands for, and once only however often it is pressed meanwhile. The focus comes back to it. */
export async function once(button, run) {
  const hadFocus = document.activeElement === button;
  button.disabled = true;
  try {
    return await run();
  } finally {
    button.disabled = false;
    if (hadFocus && document.activeElement === document.body) {
      likeOf(button)?.focus({ preventScroll: true });
    }
  }
}

/** The element itself, or the one that took its place meanwhile. */
const likeOf = (element) => (element.isConnected ? element
  : [...document.querySelectorAll("[data-focus]")].find((other) => other.getAttribute("data-focus") === element.getAttribute("data-focus")));

/** Gives a heading the focus when it is in parts that are about to go, so that the keyboard goes on from there. */
export function passFocus(heading, ...parts) {
  if (parts.some((part) => part.contains(document.activeElement))) {
    heading.focus();
  }
}

/** Asks for a decision. */
export function confirm(title, text, yes) {
  const dialog = document.getElementById("confirm");
  write(document.getElementById("confirm-title"), title);
  write(document.getElementById("confirm-text"), text);
  write(document.getElementById("confirm-yes"), yes);
  return new Promise((resolve) => {
    let answer = false;
    document.getElementById("confirm-yes").onclick = () => {
      answer = true;
      dialog.close();
    };
    document.getElementById("confirm-no").onclick = () => dialog.close();

    // The event comes a little after the close: that of the question before may come when this one is open already.
    dialog.onclose = () => dialog.open || resolve(answer);
    dialog.showModal();
  });
}
