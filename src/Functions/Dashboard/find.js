// The second screen: find a call, or files, by person, number, call or day.

import { mayHaveCases } from "./access.js";
import * as api from "./api.js";
import * as cases from "./cases.js";
import { h, icon, passFocus, table, tableRows, write } from "./dom.js";
import * as format from "./format.js";
import { callHref, goTo, isCall, kindOf, nameOf, nameOfCall, objectHref, stateBadge, timeAt, titleOf } from "./parts.js";

const FIELDS = ["q", "from", "to", "type", "state", "region"];

const element = (id) => document.getElementById(id);
const field = (name) => element(`find-${name}`);

let last = {};

/** The address of what was last looked for. */
export const lastAddress = () => href(last);

function href(parameters) {
  const query = new URLSearchParams();
  for (const name of [...FIELDS, "show", "exhaustive", "cursor"]) {
    if (parameters[name]) {
      query.set(name, parameters[name]);
    }
  }

  return query.size > 0 ? `#/find?${query}` : "#/find";
}

function setOptions(select, options, label) {
  const known = new Set([...select.options].map((option) => option.value));
  for (const value of options) {
    if (value && !known.has(value)) {
      select.append(h("option", { value }, label(value)));
    }
  }
}

/** Offers the types and regions that there are. */
export function offer(status) {
  setOptions(field("type"), Object.keys(status.byType ?? {}).sort((one, other) => format.typeLabel(one).localeCompare(format.typeLabel(other))), format.typeLabel);
  setOptions(field("region"), Object.keys(status.listings ?? {}).sort(), (region) => region);
}

/** Files are shown where they are asked for: a call has objects of many types and states. */
const showsFiles = ({ show, type, state }) => show === "files" || Boolean(type || state);

/** Shows what an address asks for, page after page until there is enough, and meanwhile what was found so far. */
export async function open(asked, signal) {
  const parameters = { ...asked, exhaustive: asked.q && asked.exhaustive === "true" ? "true" : null };
  last = parameters;
  setOptions(field("type"), [parameters.type], format.typeLabel);
  setOptions(field("region"), [parameters.region], (region) => region);
  for (const name of FIELDS) {
    field(name).value = parameters[name] ?? "";
  }

  const view = showsFiles(parameters) ? FILES : CALLS;
  showSwitch(view);
  const results = element("results");
  passFocus(element("results-title"), element("pager"), results);
  element("pager").hidden = true;
  results.replaceChildren();
  const progress = new Progress(view, parameters, signal);
  const problem = format.problemOfDays(parameters);
  if (problem) {
    progress.finish(problem, "error");
    return;
  }

  results.setAttribute("aria-busy", "true");
  try {
    await search(view, parameters, results, progress, signal);
    progress.end();
    results.append(...(progress.found > 0 ? [howFound(parameters, progress), ...addAll(view, parameters, signal)] : [...nothing(parameters, progress), howFound(parameters, progress)]));
  } catch (error) {
    if (signal.aborted || error.status === 401) {
      throw error;
    }

    progress.fail(error);
  } finally {
    results.removeAttribute("aria-busy");
    if (!signal.aborted) {
      showPager(parameters, progress.cursor);
    }
  }
}

async function search(view, parameters, results, progress, signal) {
  const query = { from: format.startOfDay(parameters.from), to: format.startOfDay(parameters.to, 1) };
  for (const name of [...view.fields, "exhaustive"]) {
    query[name] = parameters[name];
  }

  do {
    const page = await api.readPage(view.path, { ...query, limit: view.page - progress.found, cursor: progress.cursor }, signal);
    if (page.items.length > 0) {
      // What is there stays as it is, because the user may be reading or using it.
      const rows = results.querySelector("tbody");
      if (rows) {
        rows.append(...tableRows(view.columns, page.items));
      } else {
        results.replaceChildren(table("Results", view.columns, page.items));
      }
    }

    progress.add(page);
  } while (progress.cursor && progress.found < view.page && !progress.isStopped);
}

/** Says how far a search has come. */
class Progress {
  constructor(view, parameters, signal) {
    this.view = view;
    this.cursor = parameters.cursor;
    this.days = parameters.from || parameters.to ? ", days as in your time zone" : "";
    this.found = 0;
    this.isStopped = false;
    element("find-index").hidden = true;
    element("find-stop").hidden = false;
    element("find-stop").onclick = () => {
      this.isStopped = true;
      this.say("Stopping …");
    };
    signal.addEventListener("abort", () => (element("find-stop").hidden = true));
    this.say("Searching …");
  }

  add({ items, cursor, searchedTo, unindexedDays, exhaustive }) {
    this.found += items.length;
    this.cursor = cursor;
    this.searchedTo = searchedTo;
    this.isExhaustive = exhaustive;
    const index = element("find-index");
    const isSlower = unindexedDays > 0 && !exhaustive;
    index.hidden = !isSlower;
    index.textContent = isSlower ? `The index is not complete: it lacks a part of ${format.count(unindexedDays, "day")}, which the search reads from the ledger. That takes longer.` : "";
    this.say(`Searching … ${this.reached()}`);
  }

  reached() {
    return `${this.searchedTo ? `searched to ${format.localDate(this.searchedTo)}, ` : ""}${format.count(this.found, this.view.one)} so far`;
  }

  end() {
    const isShort = this.cursor && this.found < this.view.page;
    this.finish(isShort ? `Stopped: ${this.reached()}`
      : this.found > 0 ? `${format.number(this.found)} shown, newest first${this.days}${this.cursor ? "; there are more" : ""}` : "");
  }

  fail(error) {
    this.finish(this.searchedTo ? `${error.message} Until then: ${this.reached()}.` : error.message, "error");
  }

  finish(text, kind) {
    passFocus(element("results-title"), element("find-stop"));
    element("find-stop").hidden = true;
    this.say(text, kind);
  }

  say(text, kind = "muted") {
    const summary = element("find-summary");
    summary.className = kind;
    write(summary, text);
  }
}

function showSwitch(view) {
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === view.name));
  }

  for (const each of document.querySelectorAll(".files-only")) {
    each.hidden = view !== FILES;
  }
}

/** Says what the index leads to, and how to find the rest. */
function howFound(parameters, { isExhaustive }) {
  if (!parameters.q) {
    return "";
  }

  return h("p", { class: "note" }, isExhaustive ? "Every object is compared with the text, not only those that the index leads to." : [
    "The index finds words by how they begin, and numbers by their last six digits or more. ",
    h("a", { href: href({ ...parameters, exhaustive: "true", cursor: null }) }, "Compare every object"),
    " to find any part of them, which takes longer.",
  ]);
}

/** Adds all that the search finds, on every page: whole calls where calls are shown. A case is about objects in any state. */
function addAll(view, parameters, signal) {
  const { q, type, region, exhaustive } = parameters;
  const wanted = Object.entries({ q, from: format.startOfDay(parameters.from), to: format.startOfDay(parameters.to, 1), type, region });
  const search = Object.fromEntries(wanted.filter(([, value]) => value));
  if (exhaustive) {
    search.exhaustive = true;
  }

  const [text, whole] = view === CALLS ? ["Add all calls that are found to a case", { calls: true }] : ["Add all that is found to a case", {}];
  const isOffered = !parameters.state && Object.keys(search).length > 0 && mayHaveCases();
  return isOffered ? [cases.adder(text, () => ({ search: { ...search, ...whole } }), signal)] : [];
}

function nothing(parameters, { cursor }) {
  const text = cursor ? "Nothing found so far. “Older” goes on with the search."
    : FIELDS.some((name) => parameters[name]) ? "Nothing matches. Fewer words or a longer time range may find it."
    : "Nothing has been found at 8x8 yet.";
  return [h("p", { class: "empty" }, text)];
}

/** The state that needs attention most stands for all. */
const stateOf = ({ objects }) => ["Failed", "Restoring", "Queued", "Gone", "Expired", "Archived", "Purged"].find((state) => objects.some((item) => item.state === state))
  ?? objects[0].state;

/** What there is of a call: how many objects of each type. */
function contents({ objects }) {
  const counts = Map.groupBy(objects, ({ type }) => type);
  return h("ul", { class: "plain contents" }, [...counts].map(([type, { length }]) => h("li", null, length > 1 ? `${format.typeLabel(type)} × ${length}` : format.typeLabel(type))));
}

const length = ({ durationSeconds }) => (durationSeconds === undefined ? "" : format.clockTime(durationSeconds));

const hrefOf = (call) => (!isCall(call) ? objectHref(call.objects[0])
  : callHref(call.objects[0].region, call.callId, call.objects[0].createdTime, call.place && field("q").value.trim()));

const iconOf = ({ objects }) => ["audio", "video", "text"].find((kind) => objects.some((item) => kindOf(item) === kind)) ?? "other";

const CALLS = {
  name: "calls", path: "calls", one: "call", page: 20, fields: ["q", "region"],
  columns: [
    { label: "Call", header: true, long: true, cell: (call) => h("div", { class: "found" }, icon(iconOf(call)), h("div", null,
      h("a", { href: hrefOf(call) }, nameOfCall(call)),
      h("span", { class: "sub narrow-only" }, [call.person && call.number, format.directionLabel(call.direction), length(call)].filter(Boolean).join(" · ")),
      h("span", { class: "sub narrow-only" }, format.localTime(call.start)),
      contents(call),
      call.place && h("span", { class: "place" }, `“${call.place}”`))) },
    { label: "Number", wide: true, cell: (call) => call.number ?? "" },
    { label: "Direction", wide: true, cell: (call) => format.directionLabel(call.direction) },
    { label: "Duration", number: true, wide: true, cell: length },
    { label: "Time", wide: true, cell: (call) => timeAt(call.start) },
    { label: "State", cell: (call) => stateBadge(stateOf(call)) },
  ],
};

const FILES = {
  name: "files", path: "objects", one: "file", page: 50, fields: ["q", "region", "type", "state"],
  columns: [
    { label: "File", header: true, long: true, cell: (item) => h("div", { class: "found" }, icon(kindOf(item)), h("div", null,
      h("a", { href: objectHref(item) }, nameOf(item)),
      h("span", { class: "sub" }, [titleOf(item), item.region].join(" · ")),
      h("span", { class: "sub narrow-only" }, format.localTime(item.createdTime)))) },
    { label: "Made", wide: true, cell: (item) => timeAt(item.createdTime) },
    { label: "Size", number: true, wide: true, cell: (item) => (item.bytes === undefined ? "" : format.bytes(item.bytes)) },
    { label: "State", cell: (item) => stateBadge(item.state) },
  ],
};

function showPager(parameters, cursor) {
  const pager = element("pager");
  const links = [
    parameters.cursor && h("a", { href: href({ ...parameters, cursor: null }) }, "Newest"),
    cursor && h("a", { href: href({ ...parameters, cursor }), rel: "next" }, "Older"),
  ].filter(Boolean);
  pager.hidden = links.length === 0;
  pager.replaceChildren(...links);
}

const go = (parameters) => goTo(href(parameters));

/** What was entered, for the view that is shown. Where every object is compared with a text, that stays so for the same text. */
function entered() {
  const isOfFiles = document.querySelector("[data-show='files']").getAttribute("aria-pressed") === "true";
  const names = FIELDS.filter((name) => isOfFiles || !["type", "state"].includes(name));
  const values = Object.fromEntries(names.map((name) => [name, field(name).value.trim()]));
  return { ...values, show: isOfFiles ? "files" : null, exhaustive: values.q === last.q ? last.exhaustive : null };
}

export function start() {
  setOptions(field("state"), Object.keys(format.STATES), format.stateLabel);
  element("find-form").addEventListener("submit", (event) => {
    event.preventDefault();
    go(entered());
  });
  element("find-form").addEventListener("reset", (event) => {
    event.preventDefault();
    go({});
  });
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => go({ ...entered(), type: null, state: null, show: button.dataset.show === "files" ? "files" : null }));
  }

  for (const button of document.querySelectorAll("[data-days]")) {
    button.addEventListener("click", () => {
      const today = new Date();
      const first = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1 - Number(button.dataset.days));
      go({ ...entered(), from: format.isoDay(first), to: format.isoDay(today) });
    });
  }
}
