// The first screen: whether anything is about to be lost, and what to do about it.

import * as api from "./api.js";
import * as charts from "./charts.js";
import { announce, confirm, facts, h, icon, once, show, table, write } from "./dom.js";
import * as format from "./format.js";
import { nameOf, objectHref, timeAway } from "./parts.js";

const SHOWN = 20;
const MOST = 200;
const LATE = 3_600_000;

// The status is asked for only after this, and must not grow old over a long search.
const SEARCH_TIMEOUT = 5_000;

const QUEUES = {
  "list-windows": "Windows to list",
  "archive-objects": "To archive",
  "restore-objects": "To restore from cold storage",
  "verify-objects": "To verify",
  "purge-objects": "To delete at 8x8",
  "plan-days": "Steps of work over the whole ledger",
};

const element = (id) => document.getElementById(id);

/** When each part was last read, and what of the status it depended on. */
const read = new Map();

/** What was found in each state by a search that goes on at the next refresh. */
const searches = new Map();
let saidLast = null;

/** Reads what is due. The status has just been read. */
export async function refresh(status, signal) {
  await Promise.all([
    part("health", 30_000, null, api.readHealth, showHealth, "health", signal),
    part("history", 60_000, charts.span(), (stop) => api.readHistory(charts.span(), stop), showHistory, "history", signal),
    part("failures", 30_000, status.objects.Failed, (stop) => search("Failed", stop), (found) => showFailures(found, status.objects.Failed), "failures", signal),
    part("restores", 30_000, status.objects.Restoring, (stop) => search("Restoring", stop), (found) => showRestores(found, status.objects.Restoring), "restores", signal),
    part("proof", 300_000, null, readProof, showProof, "proof", signal),
  ]);
  charts.draw();
}

/** Reads one part when it is due or what it depends on has changed; what goes wrong is said in its place. */
async function part(name, lifetime, basis, load, use, place, signal) {
  const last = read.get(name);
  if (last && last.basis === basis && Date.now() - last.at < lifetime) {
    return;
  }

  try {
    const result = await load(signal);
    if (!result?.isUnfinished) {
      read.set(name, { at: Date.now(), basis });
      use(result);
    } else if (last?.basis !== basis) {
      // While a search is under way, what the last one found stays as long as it may be right.
      read.delete(name);
      use(result);
    }
  } catch (error) {
    if (signal.aborted || error.status === 401) {
      throw error;
    }

    if (!(error instanceof api.ApiError)) {
      throw error;
    }

    read.delete(name);
    if (place) {
      show(element(place), error.message, () => h("p", { class: "error" }, error.message));
    }
  }
}

/** Everything that the status says. */
export function showStatus(status, at) {
  showVerdict(status.verdict, at, null);
  showFigures(status);
  showRisks(status);
  showToken(status.token);
  showListings(status.listings);
  showQueues(status.queues);
  showTypes(status.byType);
  showDrill(status.drill);
  showNotifications(status.notifications);
  charts.draw();
}

/** What was known is old: no figure may look like a fact. */
export function showStale(status, at) {
  showVerdict(status?.verdict ?? null, at, "stale");
}

// From here on the verdict names each region that is not listed, the reason, and what to do.
const DETAILS = "Newer recordings may be unknown.";

function showVerdict(verdict, at, stale) {
  const state = stale || !verdict ? "unknown" : verdict.isSafe ? "safe" : "risk";
  const title = { safe: "Safe", risk: "Needs attention", unknown: "Not known" }[state];
  const text = !verdict ? "The archiver has not answered yet." : stale ? `At ${format.localClock(at)} it was: ${verdict.text}` : verdict.text;
  element("verdict").className = `verdict ${state}`;
  const details = text.indexOf(DETAILS);
  const head = details < 0 ? text : text.slice(0, details);
  show(element("verdict"), { state, text }, () => [
    icon(state),
    h("div", null, h("h2", null, title), h("p", { id: "verdict-text" }, head), details < 0 ? null : h("p", { class: "details" }, text.slice(details))),
  ]);

  // The figures in the sentence change every minute; what is said aloud is that the verdict changed.
  if (saidLast !== state) {
    saidLast = state;
    announce(`${title}. ${text}`);
  }
}

/** Whether every region was listed once. Before that, what is at risk may not be known. */
function isListed(listings) {
  const all = Object.values(listings ?? {});
  return all.length > 0 && all.every(({ lastCompleted }) => lastCompleted);
}

function showFigures({ objects, bytes, atRisk, listings }) {
  const isKnown = atRisk > 0 || isListed(listings);
  const figures = [
    { label: "Archived", value: (objects.Archived ?? 0) + (objects.Purged ?? 0), note: format.bytes(bytes), href: "#/find?state=Archived" },
    { label: "Waiting", value: objects.Queued ?? 0, note: "to be copied", href: "#/find?state=Queued" },
    { label: "Being restored", value: objects.Restoring ?? 0, note: "from cold storage", href: "#/find?state=Restoring" },
    { label: "Failed", value: objects.Failed ?? 0, note: "need a look", href: "#/find?state=Failed", bad: true },
    { label: "At risk", value: atRisk ?? 0, text: isKnown ? null : "–", note: isKnown ? "deleted within 7 days" : "not known yet", bad: true },
  ];
  show(element("figures"), figures, () => figures.map(({ label, value, text, note, href, bad }) => {
    const content = [h("span", { class: "label" }, label), h("b", null, text ?? format.number(value)), h("span", { class: "note" }, note)];
    return h("li", { class: bad && value > 0 ? "bad" : null }, href ? h("a", { href, "data-focus": label }, content) : h("div", null, content));
  }));
}

function showRisks({ risks, oldestUnarchived, listings }) {
  const isKnown = isListed(listings);
  show(element("risks"), { risks, oldestUnarchived, isKnown }, () => [
    risks?.length > 0
      ? table("Not archived, and deleted by 8x8 within seven days", [
        { label: "What", header: true, cell: (risk) => [h("b", null, `${format.number(risk.count)} × ${format.typeLabel(risk.type)}`), h("span", { class: "sub" }, risk.region)] },
        { label: "8x8 deletes it", cell: (risk) => [timeAway(risk.deletedBy8x8On), h("span", { class: "sub" }, format.localTime(risk.deletedBy8x8On))] },
      ], risks)
      : !isKnown ? h("p", { class: "muted" }, "Not known yet: not every region of 8x8 has been listed.")
      : h("p", { class: "fine" }, icon("Archived"), "8x8 deletes nothing within the next 7 days that is not archived."),
    oldestUnarchived && h("div", { class: "oldest" },
      h("h3", null, "Waits longest"),
      h("p", null, h("a", { href: objectHref(oldestUnarchived), "data-focus": "oldest" }, `Made ${format.localTime(oldestUnarchived.createdTime)}`), h("span", { class: "sub" }, "8x8 deletes it ", timeAway(oldestUnarchived.deletedBy8x8On)))),
  ]);
}

function showToken(token) {
  show(element("token"), token, () => {
    if (!token?.expiresOn) {
      return h("p", { class: "warn" }, "There is no token yet.");
    }

    return [
      h("p", { class: "big" }, "Token ends ", timeAway(token.expiresOn)),
      h("p", { class: "muted" }, `at ${format.localTime(token.expiresOn)}; it is renewed after half of its lifetime.`),
    ];
  });
}

function showListings(listings) {
  const rows = Object.entries(listings ?? {}).map(([region, listing]) => ({
    region,
    ...listing,
    isLate: !listing.lastCompleted || Date.now() - Date.parse(listing.lastCompleted) > LATE,
  }));
  show(element("listings"), rows, () => rows.length === 0
    ? h("p", { class: "warn" }, "Nothing has been listed yet.")
    : table("Last listing of each region", [
      { label: "Region", header: true, cell: (row) => row.region },
      { label: "Completed", cell: (row) => h("span", { class: row.isLate ? "warn" : null }, row.lastCompleted ? timeAway(row.lastCompleted) : "never") },
      { label: "Knows up to", cell: (row) => (row.watermark ? timeAway(row.watermark) : "") },
    ], rows));
}

function showQueues(queues) {
  const rows = Object.entries(queues ?? {}).map(([name, count]) => ({ name, count })).filter(({ name, count }) => name in QUEUES || count > 0);
  show(element("queues"), rows, () => table("Messages in each queue", [
    { label: "Queue", header: true, cell: (row) => QUEUES[row.name] ?? row.name },
    { label: "About", number: true, cell: (row) => format.number(row.count) },
  ], rows));
}

function showTypes(byType) {
  const rows = Object.entries(byType ?? {}).map(([type, states]) => ({ type, states }));
  const state = (name) => ({ label: format.stateLabel(name), number: true, wide: name === "Gone" || name === "Restoring", cell: (row) => format.number(row.states[name]) });
  show(element("types"), rows, () => rows.length === 0
    ? h("p", { class: "muted" }, "Nothing has been found at 8x8 yet.")
    : table("Objects by type and state", [
      { label: "Type", header: true, cell: (row) => h("a", { href: `#/find?type=${encodeURIComponent(row.type)}`, "data-focus": row.type }, format.typeLabel(row.type)) },
      { label: "Archived", number: true, cell: (row) => format.number((row.states.Archived ?? 0) + (row.states.Purged ?? 0)) },
      state("Queued"), state("Restoring"), state("Failed"), state("Gone"),
    ], rows));
}

function showDrill(drill) {
  show(element("drill"), drill ?? null, () => !drill
    ? h("p", { class: "muted" }, "None yet. A drill downloads recordings and compares them with their receipts.")
    : [
      drill.isPassed ? h("p", { class: "fine big" }, icon("Archived"), "All as they were archived")
        : h("p", { class: "warn" }, drill.failed > 0 ? `${format.count(drill.failed, "object")} failed`
          : drill.unread > 0 ? "Nothing could be read, so nothing is proven." : "Nothing was archived, so nothing could be restored."),
      h("p", { class: "muted" }, `${format.count(drill.objects, "object")} of ${format.number(drill.archived)}, ${format.bytes(drill.bytes)}, `, timeAway(drill.at)),
      drill.unread > 0 && h("p", { class: "muted" }, `Not read: ${format.count(drill.unread, "object")}. The log says why.`),
      drill.problems.length > 0 && h("ul", { class: "plain" }, drill.problems.map((each) => h("li", null, `${each.region}/${each.id ?? each.blob}: ${each.problem}`))),
    ]);
}

function showNotifications(notifications) {
  const { lastSent, lastError, lastErrorAt } = notifications ?? {};
  show(element("notifications"), notifications ?? null, () => [
    lastSent ? h("p", null, "Last posted ", timeAway(lastSent)) : h("p", { class: "muted" }, "Nothing was posted yet."),
    lastError && h("p", { class: "warn" }, "Not posted ", timeAway(lastErrorAt), `: ${lastError}`),
  ]);
}

function showHealth(health) {
  show(element("health"), health, () => health.status === "Healthy"
    ? h("p", { class: "fine big" }, icon("Archived"), "Everything works")
    : h("ul", { class: "plain" }, (health.checks ?? []).map((check) => h("li", { class: "check" }, icon("Failed"), h("div", null, h("b", null, check.name), h("p", null, check.message))))));
}

async function readProof(signal) {
  try {
    return await api.readProof(signal);
  } catch (error) {
    if (error.status === 404) {
      return null;
    }

    throw error;
  }
}

function showProof(report) {
  const compare = ({ currentTarget }) => once(currentTarget, () => startComparison(currentTarget.nextElementSibling));
  show(element("proof"), report, () => [
    report
      ? facts([
        ["Ended", report.completedAt && timeAway(report.completedAt)],
        ["At 8x8", format.number(report.total.source)],
        ["Archived of these", format.number(report.total.archived)],
        ["Missing, queued then", format.number(report.total.missing)],
        ["Changed, queued then", format.number(report.total.changed)],
      ])
      : h("p", { class: "muted" }, "All of 8x8 is compared with the archive once a week. It has not been yet."),
    h("button", { type: "button", class: "small", "data-focus": "compare", click: compare }, "Compare now"),
    h("p", { class: "result", role: "status" }),
  ]);
}

async function startComparison(result) {
  result.textContent = "Starting …";
  try {
    await api.compare();
    result.textContent = "The comparison runs. Its result shows here when it is done.";
    read.delete("proof");
  } catch (error) {
    write(result, error.message);
  }
}

/** Finds what is in a state, the newest first. A search that takes long goes on where it was at the last refresh. */
async function search(state, signal) {
  const before = searches.get(state) ?? { items: [] };
  const { items, cursor } = await api.findObjects({ state, limit: MOST - before.items.length, cursor: before.cursor }, { timeout: SEARCH_TIMEOUT, signal });
  const found = { items: [...before.items, ...items], cursor };
  found.isUnfinished = Boolean(cursor) && found.items.length < MOST;
  if (found.isUnfinished) {
    searches.set(state, found);
  } else {
    searches.delete(state);
  }

  return found;
}

/** Those first that 8x8 deletes first. */
function nearest(items) {
  const end = ({ deletedBy8x8On }) => (deletedBy8x8On ? Date.parse(deletedBy8x8On) : Infinity);
  return items.toSorted((one, other) => end(one) - end(other)).slice(0, SHOWN);
}

/** Shows what was found, and what was not: `counted` is what the status says, which may be a little behind. */
function showFound(place, state, found, counted, row, nothing) {
  const items = nearest(found.items);
  const all = Math.max(counted, found.items.length);
  const total = `${format.number(all)} ${format.stateLabel(state).toLowerCase()}`;
  const rest = all === 0 ? null
    : found.isUnfinished ? `${total}, ${format.number(found.items.length)} found so far. The search goes on.`
    : found.cursor ? `${total}. These are the most urgent of the newest ${format.number(found.items.length)}.`
    : items.length === 0 ? `${total} when last counted, none found now.`
    : null;
  show(element(place), { items, rest, all }, () => all === 0 ? nothing() : [
    items.length > 0 && h("ul", { class: "plain rows" }, items.map(row)),
    rest && h("p", { class: "muted" }, rest),
    all > items.length && h("p", null, h("a", { href: `#/find?state=${state}`, "data-focus": `all ${state}` }, `Show all ${format.number(all)}`)),
  ]);
}

function showHistory({ samples }) {
  charts.setSamples(samples);
  show(element("history"), null, () => null);
}

function showFailures(found, counted) {
  element("redrive-all").hidden = counted === 0 && found.items.length === 0;
  showFound("failures", "Failed", found, counted, failure, () => h("p", { class: "fine" }, icon("Archived"), "Nothing has failed."));
}

const failure = (item) => h(
  "li", null,
  h("div", { class: "what" },
    h("a", { href: objectHref(item), "data-focus": `open ${item.region} ${item.id}` }, nameOf(item)),
    h("span", { class: "sub" }, [format.typeLabel(item.type), item.region, format.localTime(item.createdTime), item.attempts && (item.attempts === 1 ? "tried once" : `tried ${format.number(item.attempts)} times`)].filter(Boolean).join(" · "))),
  h("p", { class: "reason" }, item.lastError ?? "The reason is not known."),
  h("div", { class: "do" },
    item.deletedBy8x8On && h("span", { class: "sub" }, "8x8 deletes it ", timeAway(item.deletedBy8x8On)),
    h("button", {
      type: "button",
      class: "small",
      "aria-label": `Try again: ${nameOf(item)}`,
      "data-focus": `redrive ${item.region} ${item.id}`,
      click: ({ currentTarget }) => redriveOne(item, currentTarget),
    }, "Try again")));

function showRestores(found, counted) {
  showFound("restores", "Restoring", found, counted, restore, () => h("p", { class: "muted" }, "Nothing waits for 8x8's cold storage."));
}

const restore = (item) => h(
  "li", null,
  h("div", { class: "what" },
    h("a", { href: objectHref(item), "data-focus": `restore ${item.region} ${item.id}` }, nameOf(item)),
    h("span", { class: "sub" }, [format.typeLabel(item.type), item.region, format.localTime(item.createdTime)].join(" · "))),
  h("p", { class: "reason" }, item.restoreRequestedAt ? ["Asked for ", timeAway(item.restoreRequestedAt), "; 8x8 takes up to a day."] : "About to be asked for."),
  h("div", { class: "do" }, item.deletedBy8x8On && h("span", { class: "sub" }, "8x8 deletes it ", timeAway(item.deletedBy8x8On))));

async function redriveOne(item, button) {
  if (await confirm("Try this object again?", `${nameOf(item)} goes back into the queue and is copied as soon as its turn comes.`, "Try again")) {
    await putBack(button, async () => {
      // The list may be old. Its row alone is read, while a redrive reads all rows of the region.
      const { state } = await api.readObject(item);
      if (state !== "Failed") {
        return { requeued: 0 };
      }

      await api.archiveAgain(item);
      return { requeued: 1 };
    });
  }
}

async function redriveAll({ currentTarget }) {
  if (await confirm("Try everything that failed again?", "All failed objects go back into the queue. What failed for lack of a right fails again until the right is given.", "Try all again")) {
    await putBack(currentTarget, api.redriveAll);
  }
}

/** Puts back, and says how many objects that were. */
async function putBack(button, put) {
  const result = element("redrive-result");
  result.className = "result";
  result.textContent = "Putting back …";
  try {
    const { requeued, continues } = await once(button, put);
    const back = `${format.count(requeued, "object")} ${requeued === 1 ? "is" : "are"} back in the queue`;
    result.textContent = continues ? `${back} so far. The queue does the rest.`
      : requeued === 0 ? "Nothing was put back: it is no longer failed."
      : `${back}.`;
  } catch (error) {
    result.className = "result error";
    write(result, error.message);
  }

  // The button that was pressed may be gone with its row.
  element("failures-title").focus({ preventScroll: true });
  read.delete("failures");
  searches.delete("Failed");
  document.dispatchEvent(new Event("poll-now"));
}

export function start() {
  charts.start();
  element("redrive-all").addEventListener("click", redriveAll);
  for (const button of document.querySelectorAll("[data-hours]")) {
    button.addEventListener("click", () => {
      for (const other of document.querySelectorAll("[data-hours]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }

      charts.setSpan(Number(button.dataset.hours));
      document.dispatchEvent(new Event("poll-now"));
    });
  }
}
