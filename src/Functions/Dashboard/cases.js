// Cases: which there are, what one has, its legal hold and its exports; and the control that adds to one.

import * as api from "./api.js";
import { confirm, entitle, facts, h, once, show, table, write } from "./dom.js";
import * as format from "./format.js";
import { timeAt } from "./parts.js";

const POLL = 4_000;

const HOLDS = {
  None: "not on hold",
  Placing: "being placed",
  Held: "on legal hold",
  Releasing: "being released",
  Incomplete: "incomplete",
};

const CHANGES = { Add: "Adding objects", Remove: "Removing objects", Hold: "Placing the legal hold", Release: "Releasing the legal hold" };

const element = (id) => document.getElementById(id);
const caseHref = (caseId) => `#/case/${encodeURIComponent(caseId)}`;

/** Shows every case. */
export async function openList(signal) {
  const list = element("case-list");
  list.setAttribute("aria-busy", "true");
  try {
    const { items } = await api.readCases(signal);
    list.replaceChildren(items.length === 0 ? h("p", { class: "empty" }, "There are no cases yet.") : table("Cases", [
      {
        label: "Case", header: true, long: true,
        cell: (item) => [h("a", { href: caseHref(item.caseId) }, item.name), h("span", { class: "sub" }, item.reason)],
      },
      { label: "Objects", number: true, cell: (item) => format.number(item.objects) },
      { label: "Hold", cell: (item) => HOLDS[item.hold] },
      { label: "State", wide: true, cell: (item) => item.state },
      { label: "Made", wide: true, cell: (item) => timeAt(item.createdAt) },
    ], items));
  } catch (error) {
    fail(error, signal, list);
  } finally {
    list.removeAttribute("aria-busy");
  }
}

/** Shows a case, and again in a while as long as something is under way. */
export async function open(caseId, signal) {
  const place = element("case");
  const result = element("case-result");
  result.textContent = "";
  element("case-title").textContent = "Loading …";
  place.shown = null;
  place.replaceChildren();

  // What has ended does not change, and each time that it is read is an access that the audit log has.
  const ended = new Map();
  const readExport = async ({ exportId }) => {
    const found = ended.get(exportId) ?? await api.readExport(caseId, exportId, signal);
    if (found.state !== "Running") {
      ended.set(exportId, found);
    }

    return found;
  };
  const refresh = async () => {
    const item = await api.readCase(caseId, signal);
    const exports = await Promise.all(item.exports.map(readExport));
    write(element("case-title"), item.name);
    entitle(item.name);

    // The links are other ones each time, and are asked for again when one is used.
    const data = { item, exports: exports.map(({ exportId, state, parts, plannedParts, problem, problems, objects, bytes, createdAt }) =>
      ({ exportId, state, plannedParts, problem, problems, objects, bytes, createdAt, parts: parts.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })) })) };
    show(place, data, () => [
      summary(item, act), ...changes(item), ...data.exports.map((each) => exported(caseId, each, result)), nothingExported(data.exports),
    ]);
    return item.changing || item.hold === "Placing" || item.hold === "Releasing" || exports.some(({ state }) => state === "Running");
  };
  const act = async (what, done) => {
    result.className = "result";
    result.textContent = "";
    try {
      await what();
      result.textContent = done;
    } catch (error) {
      result.className = "result error";
      write(result, error.message);
    }

    await watch();
  };
  let timer = 0;
  let isOld = false;
  const watch = async () => {
    clearTimeout(timer);
    try {
      const isChanging = await refresh();
      if (isOld) {
        isOld = false;
        result.textContent = "";
      }

      if (isChanging && !signal.aborted) {
        timer = setTimeout(watch, POLL);
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }

      if (place.hasChildNodes()) {
        isOld = true;
        result.className = "result error";
        write(result, `${error.message} What you see is old. It is tried again by itself.`);
        timer = setTimeout(watch, POLL);
        return;
      }

      element("case-title").textContent = error.status === 404 ? "Not found" : "It cannot be shown";
      fail(error, signal, place);
    }
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  await watch();
}

function summary(item, act) {
  const { caseId } = item;
  const isOpen = item.state === "Open";
  const button = (label, what, done, question) => h("button", {
    type: "button",
    "data-focus": label,
    click: async ({ currentTarget }) => {
      if (!question || await confirm(label, question, label)) {
        await once(currentTarget, () => act(what, done));
      }
    },
  }, label);
  return h(
    "section", { class: "card", "aria-label": "Case" },
    facts([
      ["Reason", item.reason],
      ["State", item.state],
      ["Objects", item.changing ? `${format.number(item.objects)}, and still changing` : format.number(item.objects)],
      ["Size", format.bytes(item.bytes)],
      ["Legal hold", HOLDS[item.hold]],
      ["Made", [timeAt(item.createdAt), h("span", { class: "sub" }, `by ${item.createdBy}`)]],
      ["Closed", item.closedAt && timeAt(item.closedAt)],
      ["Case id", h("code", null, item.caseId)],
    ]),
    item.holdProblem && h("p", { class: "error" }, item.holdProblem),
    h("div", { class: "buttons" },
      button("Export", () => api.startExport(caseId), "The export is being written."),
      isOpen && item.hold !== "Held"
        && button(item.hold === "Placing" ? "Place legal hold again" : "Place legal hold", () => api.holdCase(caseId), "The legal hold is being placed."),
      item.hold !== "None" && button(item.hold === "Releasing" ? "Release legal hold again" : "Release legal hold",
        () => api.releaseCase(caseId), "The legal hold is being released.",
        "Recordings that no other case holds can be deleted again after that."),
      isOpen && item.hold === "None" && button("Close case", () => api.closeCase(caseId), "The case is closed.", "Nothing can be added to a closed case, and it cannot be opened again.")));
}

function changes({ changes, holdProblem }) {
  // What is wrong with the hold stands above already.
  const failed = changes.filter(({ state, problem }) => state === "Failed" && !(problem && problem === holdProblem));
  return [changeList("In progress", changes.filter(({ state }) => state !== "Failed")), changeList("Failed", failed)];
}

function changeList(title, changes) {
  const id = `changes-${title.toLowerCase().replace(" ", "-")}`;
  return changes.length > 0 && h(
    "section", { class: "card", "aria-labelledby": id },
    h("h2", { id }, title),
    h("ul", { class: "plain rows" }, changes.map((change) => h("li", null,
      h("b", null, CHANGES[change.kind] ?? change.kind),
      ` · ${format.count(change.objects, "object")}`,
      change.problem && h("p", { class: "reason" }, change.problem)))));
}

function exported(caseId, { exportId, state, createdAt, objects, bytes, parts, plannedParts, problem, problems }, result) {
  const title = `export-${exportId}`;
  const file = (label, find, size) => h("li", null,
    h("button", { type: "button", class: "quiet", "data-focus": `${exportId} ${label}`, click: () => save(caseId, exportId, find, result) }, `Download ${label}`),
    size !== undefined && ` ${format.bytes(size)}`);
  const progress = plannedParts > 0 && h("progress", { max: plannedParts, value: parts.length, "aria-labelledby": title });
  return h(
    "section", { class: "card", "aria-labelledby": title },
    h("div", { class: "head" }, h("h2", { id: title }, "Export of ", timeAt(createdAt)), h("p", { class: "muted" }, state)),
    h("p", null, `${format.count(objects, "object")}, ${format.bytes(bytes)}`),
    state === "Running" && h("p", null, plannedParts ? `${parts.length} of ${format.count(plannedParts, "part")} written ` : "Being planned", progress),
    problem && state !== "Done" && h("p", { class: "error" }, problem),
    problems.length > 0 && h("ul", { class: "plain rows" }, problems.map((each) => h("li", null,
      h("a", { href: `#/object/${encodeURIComponent(each.region)}/${encodeURIComponent(each.id)}` }, `${each.region}/${each.id}`), ` ${each.problem}`))),
    state === "Done" && h("ul", { class: "plain rows" },
      parts.map((part) => file(part.name, (fresh) => fresh.parts.find(({ name }) => name === part.name).url, part.bytes)),
      file("manifest.csv", (fresh) => fresh.manifestCsvUrl),
      file("manifest.json", (fresh) => fresh.manifestJsonUrl),
      file("SHA256SUMS", (fresh) => fresh.checksumsUrl)));
}

const nothingExported = (exports) => exports.length === 0 && h("p", { class: "card empty" }, "Nothing was exported yet.");

async function save(caseId, exportId, find, result) {
  result.className = "result";
  try {
    h("a", { href: find(await api.readExport(caseId, exportId)), rel: "noreferrer" }).click();
    result.textContent = "The download starts.";
  } catch (error) {
    result.className = "result error";
    write(result, error.message);
  }
}

/** A fold to add something to an open case. The cases are asked for when it is opened. */
export function adder(label, bodyOf, signal) {
  const place = h("div");
  const result = h("p", { class: "result", role: "status" });
  const add = async (caseId) => {
    result.className = "result";
    result.textContent = "";
    try {
      await api.addToCase(caseId, bodyOf());
      result.replaceChildren("Added to the case. ", h("a", { href: caseHref(caseId) }, "Open the case"));
    } catch (error) {
      result.className = "result error";
      write(result, error.message);
    }
  };
  const offer = async () => {
    const { items } = await api.readCases(signal);
    const open = items.filter(({ state }) => state === "Open");
    const press = ({ currentTarget }) => once(currentTarget, () => add(select.value));
    const select = h("select", { "aria-label": "Case" }, open.map(({ caseId, name }) => h("option", { value: caseId }, name)));
    place.replaceChildren(open.length === 0
      ? h("p", null, "There is no open case. ", h("a", { href: "#/cases" }, "Make one"))
      : h("div", { class: "buttons adder" }, select, h("button", { type: "button", click: press }, "Add")));
  };
  const fold = h("details", { class: "add-to-case" }, h("summary", null, label), place, result);
  fold.addEventListener("toggle", () => {
    if (fold.open && !place.hasChildNodes()) {
      offer().catch((error) => {
        result.className = "result error";
        write(result, error.message);
      });
    }
  });
  return fold;
}

function fail(error, signal, place) {
  if (signal.aborted) {
    throw error;
  }

  place.replaceChildren(h("p", { class: "error" }, error.message));
}

async function make(form) {
  const problem = element("case-form-error");
  problem.textContent = "";
  try {
    const { caseId } = await api.createCase({ name: element("case-name").value.trim(), reason: element("case-reason").value.trim() });
    form.reset();
    location.hash = caseHref(caseId);
  } catch (error) {
    write(problem, error.message);
  }
}

export function start() {
  const form = element("case-form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    once(form.querySelector("button"), () => make(form));
  });
}
