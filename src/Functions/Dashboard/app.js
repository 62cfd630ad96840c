// Starts the page: which screen is shown, the key, and the status that is asked for again and again.

import * as access from "./access.js";
import * as api from "./api.js";
import * as audit from "./audit.js";
import * as call from "./call.js";
import * as cases from "./cases.js";
import * as charts from "./charts.js";
import { entitle, legible, write } from "./dom.js";
import * as find from "./find.js";
import * as format from "./format.js";
import * as object from "./object.js";
import * as overview from "./overview.js";
import { tick } from "./parts.js";

const POLL = 7_000;
const STALE = 30_000;
const VIEWS = ["key", "sign-in", "overview", "find", "call", "object", "cases", "case", "audit"];
const CLOSED = ["key", "sign-in"];
const TITLES = { key: "Key", "sign-in": "Sign in", overview: "Overview", find: "Find a call", call: "Call", object: "Recording", cases: "Cases", case: "Case", audit: "Audit log" };

const element = (id) => document.getElementById(id);

let view = null;
let leave = new AbortController();
let polling = null;
let timer = 0;
let retry = 0;
let latest = { status: null, at: 0, error: null };

/** What an address asks for. */
function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [name, region, id] = path.split("/").map(decode);
  const parameters = Object.fromEntries(new URLSearchParams(query));
  if (name === "object" && region && id) {
    return { view: "object", key: { region, id, createdTime: parameters.created } };
  }

  if (name === "call" && region && id) {
    return { view: "call", key: { region, callId: id, at: parameters.at, q: parameters.q } };
  }

  if (name === "cases" || (name === "case" && region)) {
    return { view: name, caseId: region };
  }

  return name === "find" || name === "audit" ? { view: name, parameters } : { view: "overview" };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function switchTo(name, focus) {
  const changed = view !== name;
  view = name;
  for (const each of VIEWS) {
    element(`view-${each}`).hidden = each !== name;
  }

  for (const link of ["overview", "find", "cases", "audit"]) {
    if (link === name || (link === "cases" && name === "case")) {
      element(`nav-${link}`).setAttribute("aria-current", "page");
    } else {
      element(`nav-${link}`).removeAttribute("aria-current");
    }
  }

  entitle(TITLES[name]);
  if (focus && (changed || name === "object" || name === "call")) {
    scrollTo(0, 0);
    element(`view-${name}`).querySelector("h1").focus({ preventScroll: true });
  }
}

/** Shows what the address asks for. */
async function navigate(focus) {
  clearTimeout(retry);
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  try {
    if (!access.isKnown()) {
      await access.identify(signal);
      latest.error = null;
    }

    const wanted = route();
    if (!(access.MAY_OPEN[wanted.view] ?? (() => true))()) {
      Object.assign(wanted, { view: "find", parameters: {} });
    }

    switchTo(wanted.view, focus);
    if (wanted.view === "overview") {
      poll();
    } else if (wanted.view === "find") {
      await find.open(wanted.parameters, signal);
    } else if (wanted.view === "call") {
      await call.open(wanted.key, signal);
    } else if (wanted.view === "cases") {
      await cases.openList(signal);
    } else if (wanted.view === "case") {
      await cases.open(wanted.caseId, signal);
    } else if (wanted.view === "audit") {
      await audit.open(wanted.parameters, signal);
    } else {
      await object.open(wanted.key, signal);
    }
  } catch (error) {
    handle(error, signal);
  }
}

function handle(error, signal) {
  if (signal.aborted) {
    return;
  }

  if (error.status === 401 || (error.status === 403 && !access.isKnown())) {
    askForKey(error);
  } else if (!access.isKnown() && error instanceof api.ApiError) {
    latest.error = error;
    showSession();
    retry = setTimeout(() => navigate(false), POLL);
  } else {
    throw error;
  }
}

function askForKey(cause) {
  access.forget();
  if (access.signsIn()) {
    stop();
    leave.abort();
    latest = { status: null, at: 0, error: null };
    showSession();
    access.showSignIn(cause);
    switchTo("sign-in", true);
    return;
  }

  const had = api.hasKey();
  stop();
  leave.abort();
  api.forgetKey();
  latest = { status: null, at: 0, error: null };
  showSession();
  switchTo("key", false);
  showKeyForm(had);
}

function showKeyForm(isRefused) {
  write(element("key-error"), isRefused ? "This key is not accepted. Check that it belongs to this function app, and enter it again." : "");
  element("key").value = "";
  element("key").focus();
}

/** Uses the key that was entered, if it is right. */
async function enterKey(key) {
  if (!api.isSendable(key)) {
    showKeyForm(true);
    return;
  }

  api.useKey(key);
  element("key").value = "";
  write(element("key-error"), "");
  try {
    await api.readCaller();
  } catch (error) {
    if (error.status === 401) {
      askForKey();
      return;
    }

    // Whether the key is right shows once the archiver answers.
  }

  await navigate(true);
  poll();
}

/** Asks for the status, and again in a while; not while the page is hidden. */
async function poll() {
  stop();
  if (document.hidden || CLOSED.includes(view) || !access.maySeeStatus()) {
    return;
  }

  polling = new AbortController();
  const { signal } = polling;
  try {
    const status = await api.readStatus(signal);
    latest = { status, at: Date.now(), error: null };
    charts.see(status);
    find.offer(status);
    overview.showStatus(status, latest.at);
    showSession();
    if (view === "overview") {
      await overview.refresh(status, signal);
    }
  } catch (error) {
    if (signal.aborted) {
      return;
    }

    if (!(error instanceof api.ApiError)) {
      throw error;
    }

    latest.error = error;
    showSession();
  } finally {
    if (!signal.aborted) {
      timer = setTimeout(poll, POLL);
    }
  }
}

/** What the page does while it is shown, and stops while it is hidden. */
function showOrHide() {
  if (document.hidden) {
    stop();
    clearTimeout(retry);
  } else if (access.isKnown() || CLOSED.includes(view)) {
    poll();
  } else {
    navigate(false);
  }
}

function stop() {
  clearTimeout(timer);
  polling?.abort();
}

/** How fresh everything is, said once at the top of each screen. */
function showSession() {
  const { status, at, error } = latest;
  element("forget").hidden = !api.hasKey();
  const age = Date.now() - at;
  const isStale = Boolean(error) || (status !== null && age > STALE);
  const freshness = element("freshness");
  freshness.hidden = status === null;
  freshness.className = isStale ? "freshness stale" : "freshness";
  freshness.textContent = isStale ? `Not up to date since ${format.localClock(at)}` : `Up to date at ${format.localClock(at)}`;
  const banner = element("trouble");
  const text = error ? legible(`${error.message} ${status ? "What you see is old." : ""} It is tried again by itself.`) : "";
  if (banner.textContent !== text) {
    banner.textContent = text;
    banner.hidden = text === "";
  }

  if (isStale) {
    overview.showStale(status, at);
  }
}

async function start() {
  element("zone").textContent = `Times are those of your clock (${format.zone()}), unless they say UTC.`;
  overview.start();
  find.start();
  cases.start();
  audit.start();
  addEventListener("hashchange", () => !CLOSED.includes(view) && navigate(true));
  document.addEventListener("visibilitychange", showOrHide);
  document.addEventListener("poll-now", poll);
  document.addEventListener("refused", ({ detail }) => !CLOSED.includes(view) && askForKey(detail));
  element("skip").addEventListener("click", (event) => {
    event.preventDefault();
    element("main").focus();
  });
  element("forget").addEventListener("click", () => {
    api.forgetKey();
    location.reload();
  });
  element("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    enterKey(element("key").value.trim());
  });
  setInterval(() => {
    tick();
    if (!document.hidden && !CLOSED.includes(view)) {
      showSession();
    }
  }, 1_000);
  await navigate(false);
  if (view !== "overview") {
    poll();
  }
}

start();
