// Calls to the APIs that the control listener has beside the pages.

import { tellTime } from "./clock";
import { changed } from "./live";
import type { List } from "./types";

// prefix is that of the environment whose pages these are: "" or "/env/name".
export const prefix = location.pathname.slice(0, Math.max(0, location.pathname.indexOf("/cockpit")));

// Refusal is a call that was refused, or had no answer.
export class Refusal extends Error {
  constructor(
    readonly status: number, // 0: there was no answer
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly next: string,
    readonly source: string,
    readonly blockers: { kind?: string; id: string; name?: string }[] = [],
  ) {
    super(detail || title);
  }
}

// A door is who asks for a credential: the control listener, the registry's API, or a
// tenant, whose administrator is somebody else. Credentials are kept for the tab only,
// and sent to this server only: each to the door that it is for.
export type Door = "control" | "api" | `tenant ${string}`;

const stored = (door: Door) => `pairsim.${prefix}.${door}`;

export function keep(door: Door, secret: string) {
  sessionStorage.setItem(stored(door), secret);
  changed();
}

// forget lets go of a credential, and of all that was read with it.
export function forget(door: Door) {
  sessionStorage.removeItem(stored(door));
  location.reload();
}

export const holds = (door: Door) => sessionStorage.getItem(stored(door)) !== null;

export function doorOf(path: string): Door {
  const tenant = /^\/tenants\/([^/?]+)/.exec(path);
  if (tenant) return `tenant ${decodeURIComponent(tenant[1])}`;
  return path.startsWith("/control") ? "control" : "api";
}

export function headersFor(path: string): Record<string, string> {
  const headers: Record<string, string> = { "Pairsim-Cockpit": "1" };
  const secret = sessionStorage.getItem(stored(doorOf(path)));
  if (secret) headers.Authorization = "Bearer " + secret;
  return headers;
}

// send makes a call and returns what it answers, undefined for an empty body. What
// changes something lets all pages read anew.
export async function send<T>(method: string, path: string, body?: unknown, etag?: string): Promise<T> {
  const headers = headersFor(path);
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  let answer: Response;
  try {
    answer = await fetch(prefix + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
  } catch {
    throw noAnswer();
  }
  tellTime(answer.headers.get("Pairsim-Time"));
  if (!answer.ok) throw await refusalOf(answer);
  const text = await answer.text();
  if (method !== "GET") changed();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const get = <T>(path: string) => send<T>("GET", path);

export const noAnswer = () => new Refusal(0, "no-answer", "pairsim does not answer", "Nobody listens at " + location.host + ".", "Start it again: pairsim serve.", "");

async function refusalOf(answer: Response): Promise<Refusal> {
  const problem = await answer.json().catch(() => ({}));
  const code = String(problem.type ?? "").replace("urn:pairsim:problem:", "");
  return new Refusal(answer.status, code, problem.title ?? "Refused: " + answer.status, problem.detail ?? "", problem.next ?? "", problem.source ?? "", problem.blockers ?? []);
}

// mostRows is how many rows of a list the pages hold.
export const mostRows = 1000;

// all reads the pages of a list, up to mostRows rows.
export async function all<T>(path: string): Promise<List<T>> {
  const items: T[] = [];
  const joint = path.includes("?") ? "&" : "?";
  let cursor: string | undefined;
  do {
    const page: List<T> = await get(path + (cursor ? joint + "cursor=" + encodeURIComponent(cursor) : ""));
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor && items.length < mostRows);
  return { items, nextCursor: cursor };
}
