// Who is signed in, and what the page offers for that.

import * as api from "./api.js";
import { h, write } from "./dom.js";

const element = (id) => document.getElementById(id);
const PAGE = new URL("../dashboard", import.meta.url).pathname;

let mode = null;
let caller = null;

/** Whether people sign in; otherwise they have a key. */
export const signsIn = () => mode === "EntraId";

/** Whether the caller has one of some roles. An administrator has every role. */
export const may = (...roles) => caller?.roles.some((role) => role === "Administrator" || roles.includes(role)) ?? false;

export const maySeeStatus = () => may("Operator");
export const maySteer = () => may("Operator");
export const mayPlay = () => may("Viewer", "Investigator");
export const mayHaveCases = () => may("Investigator");
export const mayReadAudit = () => may("Investigator");

/** Screens that not every role opens. */
export const MAY_OPEN = { overview: maySeeStatus, cases: mayHaveCases, case: mayHaveCases, audit: mayReadAudit };

/** Finds out whether people sign in, and who the caller is. */
export async function identify(signal) {
  mode ??= (await api.readAccess(signal)).mode;
  caller = await api.readCaller(signal);
  element("nav-overview").hidden = !maySeeStatus();
  element("nav-find").hidden = !may("Viewer", "Operator", "Investigator");
  element("nav-cases").hidden = !mayHaveCases();
  element("nav-audit").hidden = !mayReadAudit();
  element("find-q").disabled = !mayPlay();
  element("who").hidden = !signsIn();
  element("who").replaceChildren(
    h("span", null, `${caller.name ?? caller.id} (${caller.roles.join(", ")})`),
    " ",
    h("a", { href: `/.auth/logout?post_logout_redirect_uri=${encodeURIComponent(PAGE)}` }, "Sign out"));
}

export const isKnown = () => caller !== null;

export function forget() {
  caller = null;
}

/** Shows how to sign in, or why that is not enough. */
export function showSignIn(error) {
  const back = encodeURIComponent(PAGE + location.hash);
  element("sign-in-link").setAttribute("href", `/.auth/login/aad?post_login_redirect_uri=${back}`);
  write(element("sign-in-error"), error?.status === 403
    ? `You are signed in, but you have no role in this app. ${error.message} Ask its administrator for a role, then sign in again.`
    : "");
}
