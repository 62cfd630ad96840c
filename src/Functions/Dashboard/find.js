// The second screen: find a recording by person, number, call or day.

import { mayHaveCases } from "./access.js";
import * as api from "./api.js";
import * as cases from "./cases.js";
import { h, icon, table } from "./dom.js";
import * as format from "./format.js";
import { kindOf, nameOf, objectHref, stateBadge, timeAt } from "./parts.js";

const FIELDS = ["q", "from", "to", "type", "state", "region"];
const PAGE = 50;

const element = (id) => document.getElementById(id);
const field = (name) => element(`find-${name}`);

let address = "#/find";

/** The address of what was last looked for. */
export const lastAddress = () => address;

function href(parameters) {
  const query = new URLSearchParams();
  for (const name of [...FIELDS, "cursor"]) {
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

/** Shows what an address asks for. */
export async function open(parameters, signal) {
  address = href(parameters);
  setOptions(field("type"), [parameters.type], format.typeLabel);
  setOptions(field("region"), [parameters.region], (region) => region);
  for (const name of FIELDS) {
    field(name).value = parameters[name] ?? "";
  }

  const results = element("results");
  const summary = element("find-summary");
  element("pager").hidden = true;
  summary.className = "muted";
  summary.textContent = "Searching …";
  results.setAttribute("aria-busy", "true");
  try {
    const { items, cursor } = await search(parameters, signal);
    const days = !parameters.from && !parameters.to ? "" : ", days as in your time zone";
    summary.textContent = items.length === 0 ? "" : `${format.number(items.length)} shown, newest first${days}${cursor ? "; there are more" : ""}`;
    results.replaceChildren(...(items.length === 0 ? nothing(parameters, cursor) : [resultTable(items), ...addAll(parameters, signal)]));
    showPager(parameters, cursor);
  } catch (error) {
    if (signal.aborted || error.status === 401) {
      throw error;
    }

    summary.className = "error";
    summary.textContent = error.message;
    results.replaceChildren();
  } finally {
    results.removeAttribute("aria-busy");
  }
}

function search(parameters, signal) {
  const query = {
    q: parameters.q,
    from: format.startOfDay(parameters.from),
    to: format.startOfDay(parameters.to, 1),
    type: parameters.type,
    state: parameters.state,
    region: parameters.region,
    limit: PAGE,
    cursor: parameters.cursor,
  };

  // What is found first is shown at once; to fill the page may take long.
  return api.findObjects(query, { enough: 1, signal });
}

/** Adds all that the search finds, on every page; a case is about objects in any state. */
function addAll(parameters, signal) {
  const { q, type, region } = parameters;
  const wanted = Object.entries({ q, from: format.startOfDay(parameters.from), to: format.startOfDay(parameters.to, 1), type, region });
  const search = Object.fromEntries(wanted.filter(([, value]) => value));
  return parameters.state || Object.keys(search).length === 0 || !mayHaveCases() ? [] : [cases.adder("Add all that is found to a case", () => ({ search }), signal)];
}

function nothing(parameters, cursor) {
  if (cursor) {
    return [h("p", { class: "empty" }, "Nothing found so far. “Older” goes on with the search.")];
  }

  return [h("p", { class: "empty" }, FIELDS.some((name) => parameters[name])
    ? "Nothing matches. Fewer words or a longer span of days may find it."
    : "Nothing has been found at 8x8 yet.")];
}

function resultTable(items) {
  return table("Results", [
    { label: "Recording", header: true, cell: (item) => h("div", { class: "found" }, icon(kindOf(item)), h("div", null,
      h("a", { href: objectHref(item) }, nameOf(item)),
      h("span", { class: "sub" }, [format.typeLabel(item.type), item.region].join(" · ")),
      h("span", { class: "sub narrow-only" }, format.localTime(item.createdTime)))) },
    { label: "Made", wide: true, cell: (item) => timeAt(item.createdTime) },
    { label: "Size", number: true, wide: true, cell: (item) => (item.bytes === undefined ? "" : format.bytes(item.bytes)) },
    { label: "State", cell: (item) => stateBadge(item.state) },
  ], items);
}

function showPager(parameters, cursor) {
  const pager = element("pager");
  const links = [
    parameters.cursor && h("a", { href: href({ ...parameters, cursor: null }) }, "Newest"),
    cursor && h("a", { href: href({ ...parameters, cursor }), rel: "next" }, "Older"),
  ].filter(Boolean);
  pager.hidden = links.length === 0;
  pager.replaceChildren(...links);
}

function go(parameters) {
  const wanted = href(parameters);
  if (location.hash === wanted) {
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = wanted;
  }
}

const entered = () => Object.fromEntries(FIELDS.map((name) => [name, field(name).value.trim()]));

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
  for (const button of document.querySelectorAll("[data-days]")) {
    button.addEventListener("click", () => {
      const today = new Date();
      const first = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1 - Number(button.dataset.days));
      go({ ...entered(), from: format.isoDay(first), to: format.isoDay(today) });
    });
  }
}
