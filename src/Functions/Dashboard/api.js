// Talks to the archiver's own API. The key is kept by the tab alone and sent as a header, never in an address.

const KEY = "functionKey";
const TIMEOUT = 30_000;
const root = new URL("../", import.meta.url);

let candidate = sessionStorage.getItem(KEY);

/** An error response, or none at all. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const hasKey = () => candidate !== null;

/** Whether a header can carry a key. No other key can be right, and the browser or the server would refuse the request. */
export const isSendable = (key) => /^[\x20-\x7E]+$/.test(key);

/** Uses a key from now on; it is kept once an answer shows that it is right. */
export function useKey(key) {
  candidate = key;
}

export function forgetKey() {
  candidate = null;
  sessionStorage.removeItem(KEY);
}

/**
 * Asks; gives the answer's JSON. `accept` names statuses besides 2xx that bring a proper answer. A caller who is not known, or no
 * longer, is an event of the document, too: `refused`.
 */
export async function ask(path, { method = "GET", query, body, signal, accept = [], as = "json" } = {}) {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value) {
      url.searchParams.set(name, value);
    }
  }

  const headers = { Accept: as === "json" ? "application/json" : "*/*" };
  if (candidate) {
    headers["x-functions-key"] = candidate;
  }

  if (body) {
    headers["Content-Type"] = "application/json";
  }

  const limit = AbortSignal.timeout(TIMEOUT);
  let response;
  let text;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      cache: "no-store",
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }

    throw new ApiError(0, limit.aborted ? `The archiver did not answer within ${TIMEOUT / 1000} seconds.` : "The archiver cannot be reached. Check the network, and whether the app runs.");
  }

  if (response.ok || accept.includes(response.status)) {
    if (candidate && response.ok) {
      sessionStorage.setItem(KEY, candidate);
    }

    try {
      return as === "json" ? JSON.parse(text) : { text, isWhole: response.headers.get("X-Truncated") !== "true" };
    } catch {
      throw new ApiError(response.status, "The archiver answered with something that is not JSON.");
    }
  }

  const refusal = new ApiError(response.status, problem(response, text));
  if (response.status === 401) {
    document.dispatchEvent(new CustomEvent("refused", { detail: refusal }));
  }

  throw refusal;
}

/** What a problem (RFC 9457) says, or what the status means when there is none. */
function problem(response, text) {
  try {
    const { title, detail } = JSON.parse(text);
    if (title || detail) {
      return detail || title;
    }
  } catch {
    // Not every proxy speaks RFC 9457.
  }

  return response.status === 401 ? (candidate ? "The key is not accepted." : "You are not signed in.") : `The archiver answered ${response.status} ${response.statusText}`.trim() + ".";
}

// The app decodes an id once more than the path. An id of dots alone would be taken for a folder of the path.
const encodeId = (id) => encodeURIComponent(/^\.+$/.test(id) ? id.replaceAll(".", "%2E") : encodeURIComponent(id));

const objectPath = ({ region, id }) => `objects/${encodeURIComponent(region)}/${encodeId(id)}`;

const casePath = (caseId) => `cases/${encodeURIComponent(caseId)}`;

// With the time of creation the app knows where to look.
const about = ({ createdTime }) => ({ created: createdTime });

export const readAccess = (signal) => ask("dashboard/access.json", { signal });
export const readCaller = (signal) => ask("me", { signal });
export const readAudit = (query, signal) => ask("audit", { query, signal });
export const readStatus = (signal) => ask("status", { signal });
export const readHealth = (signal) => ask("health", { signal, accept: [503] });
export const readHistory = (hours, signal) => ask("history", { query: { hours }, signal });
export const readProof = (signal) => ask("reconcile/latest", { signal });
export const readObject = (key, signal) => ask(objectPath(key), { query: about(key), signal });
export const readContentAddress = (key, signal) => ask(`${objectPath(key)}/content`, { query: { ...about(key), unnamed: "true" }, signal });
export const readDownloadAddress = (key) => ask(`${objectPath(key)}/content`, { query: { ...about(key), download: "true" } });
export const readText = (key, signal) => ask(`${objectPath(key)}/text`, { query: about(key), signal, as: "text" });
export const archiveAgain = (key) => ask(`${objectPath(key)}/archive`, { method: "POST", query: about(key) });
export const redriveAll = () => ask("failures/redrive", { method: "POST" });
export const readCases = (signal) => ask("cases", { signal });
export const createCase = (body) => ask("cases", { method: "POST", body });
export const readCase = (caseId, signal) => ask(casePath(caseId), { signal });
export const addToCase = (caseId, body) => ask(`${casePath(caseId)}/objects`, { method: "POST", body });
export const holdCase = (caseId) => ask(`${casePath(caseId)}/hold`, { method: "POST" });
export const releaseCase = (caseId) => ask(`${casePath(caseId)}/release`, { method: "POST" });
export const closeCase = (caseId) => ask(`${casePath(caseId)}/close`, { method: "POST" });
export const startExport = (caseId) => ask(`${casePath(caseId)}/export`, { method: "POST" });
export const readExport = (caseId, exportId, signal) => ask(`${casePath(caseId)}/exports/${encodeURIComponent(exportId)}`, { signal });
export const compare = () => ask("reconcile", { method: "POST" });

/** A page of a search: of `objects`, or of `calls`. The app does a bounded amount of work for it, so one that is short or empty need not be the last. */
export const readPage = (kind, query, signal) => ask(kind, { query, signal });

/** Finds objects until as many are found as `limit` allows, or the end is reached, or `timeout` has passed. Where there may be more, the `cursor` says where to go on. */
export async function findObjects({ limit, cursor, ...query }, { timeout, signal }) {
  const end = Date.now() + timeout;
  const items = [];
  do {
    const page = await readPage("objects", { ...query, limit: limit - items.length, cursor }, signal);
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor && items.length < limit && Date.now() < end);
  return { items, cursor };
}

/** A call, or that of an object with this id, as often as more of its objects are found: an archive without an index may give them in several answers. */
export async function* readCall(callId, query, signal) {
  let call = null;
  let cursor;
  do {
    const page = await readPage("calls", { ...query, call: callId, cursor }, signal);
    const before = call?.objects.length;
    const exact = page.items.filter((item) => item.callId === callId);
    for (const found of exact.length > 0 ? exact : page.items.filter(({ objects }) => objects.some(({ id }) => id === callId))) {
      const known = call?.objects ?? [];
      const more = found.objects.filter((each) => !known.some((other) => other.region === each.region && other.id === each.id));
      call = { ...found, ...call, objects: [...known, ...more] };
    }

    cursor = page.cursor;
    if (call && (call.objects.length !== before || !cursor)) {
      yield { call, isWhole: !cursor };
    }
  } while (cursor);
}
