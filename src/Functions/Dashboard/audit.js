// The audit log: who saw, heard, exported or changed what.

import * as api from "./api.js";
import { h, passFocus, table, write } from "./dom.js";
import * as format from "./format.js";
import { goTo, timeAt } from "./parts.js";

const FIELDS = ["actor", "object", "from", "to"];

const element = (id) => document.getElementById(id);
const field = (name) => element(`audit-${name}`);

function href(parameters) {
  const query = new URLSearchParams();
  for (const name of [...FIELDS, "cursor"]) {
    if (parameters[name]) {
      query.set(name, parameters[name]);
    }
  }

  return query.size > 0 ? `#/audit?${query}` : "#/audit";
}

const who = ({ actor }) => actor?.name ?? actor?.id ?? "unknown";

function about({ region, id, case: name, parameters }) {
  const rest = Object.entries(parameters ?? {}).map(([key, value]) => `${key}: ${value}`).join(", ");
  return [id && `${region ?? ""}/${id}`, name && `case ${name}`, rest].filter(Boolean).join(" · ");
}

// A narrow screen has room for two columns: what the others say stands below.
const COLUMNS = [
  { label: "Time", header: true, cell: (item) => [timeAt(item.time, format.exactTime), below(who(item)), below(about(item))] },
  { label: "Who", wide: true, cell: who },
  { label: "Action", cell: (item) => [item.action, below(item.outcome)] },
  { label: "About", wide: true, long: true, cell: about },
  { label: "Outcome", wide: true, cell: (item) => item.outcome },
];

const below = (text) => text && h("span", { class: "sub long narrow-only" }, text);

function say(text, kind = "muted") {
  const summary = element("audit-summary");
  summary.className = kind;
  write(summary, text);
}

/** Shows what an address asks for. */
export async function open(parameters, signal) {
  for (const name of FIELDS) {
    field(name).value = parameters[name] ?? "";
  }

  // What another query found must not look like what this one did.
  passFocus(element("audit-title"), element("audit-more"), element("audit-lines"));
  element("audit-lines").replaceChildren();
  element("audit-more").hidden = true;
  const problem = format.problemOfDays(parameters);
  if (problem) {
    say(problem, "error");
    return;
  }

  say("Reading …");
  try {
    const { actor, object, from, to, cursor } = parameters;
    const page = await api.readAudit({ actor, object, from: format.startOfDay(from), to: format.startOfDay(to, 1), cursor }, signal);
    const count = page.items.length;
    say(count > 0 ? format.count(count, "access", "accesses") : page.cursor ? "None so far" : "None");
    element("audit-lines").replaceChildren(
      count === 0 ? h("p", { class: "muted" }, "No access matches.") : table("Accesses, newest first", COLUMNS, page.items));
    if (page.cursor) {
      element("audit-older").setAttribute("href", href({ ...parameters, cursor: page.cursor }));
      element("audit-more").hidden = false;
    }
  } catch (error) {
    if (signal.aborted || error.status === 401) {
      throw error;
    }

    say(error.message, "error");
  }
}

export function start() {
  element("audit-form").addEventListener("submit", (event) => {
    event.preventDefault();
    goTo(href(Object.fromEntries(FIELDS.map((name) => [name, field(name).value.trim()]))));
  });
}
