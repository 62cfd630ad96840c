// The audit log: who saw, heard, exported or changed what.

import * as api from "./api.js";
import { h, table } from "./dom.js";
import { timeAt } from "./parts.js";

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

const startOfDay = (day) => (day ? new Date(`${day}T00:00:00`).toISOString() : undefined);

function endOfDay(day) {
  if (!day) {
    return undefined;
  }

  const end = new Date(`${day}T00:00:00`);
  end.setDate(end.getDate() + 1);
  return end.toISOString();
}

function about({ region, id, case: name, parameters }) {
  const rest = Object.entries(parameters ?? {}).map(([key, value]) => `${key}: ${value}`).join(", ");
  return [id && `${region ?? ""}/${id}`, name && `case ${name}`, rest].filter(Boolean).join(" · ");
}

/** Shows what an address asks for. */
export async function open(parameters, signal) {
  for (const name of FIELDS) {
    field(name).value = parameters[name] ?? "";
  }

  const summary = element("audit-summary");
  summary.className = "muted";
  summary.textContent = "Reading …";
  element("audit-more").hidden = true;
  try {
    const page = await api.readAudit(
      { actor: parameters.actor, object: parameters.object, from: startOfDay(parameters.from), to: endOfDay(parameters.to), cursor: parameters.cursor },
      signal);
    const count = page.items.length;
    summary.textContent = count > 0 ? `${count} accesses` : page.cursor ? "None so far" : "None";
    element("audit-lines").replaceChildren(count === 0 ? h("p", { class: "muted" }, "No access matches.") : table(
      "Accesses, newest first",
      [
        { label: "Time", cell: (item) => timeAt(item.time), header: true },
        { label: "Who", cell: (item) => item.actor?.name ?? item.actor?.id ?? "unknown" },
        { label: "Action", cell: (item) => item.action },
        { label: "About", cell: about, wide: true },
        { label: "Outcome", cell: (item) => item.outcome },
      ],
      page.items));
    if (page.cursor) {
      element("audit-older").setAttribute("href", href({ ...parameters, cursor: page.cursor }));
      element("audit-more").hidden = false;
    }
  } catch (error) {
    if (signal.aborted || error.status === 401) {
      throw error;
    }

    summary.className = "error";
    summary.textContent = error.message;
  }
}

export function start() {
  element("audit-form").addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = href(Object.fromEntries(FIELDS.map((name) => [name, field(name).value.trim()])));
  });
}
