// Live updates: the journal as a stream. Whatever changes something stands in it,
// and lets the pages read anew what they show.

import { useEffect, useState } from "preact/hooks";
import { headersFor, prefix } from "./client";
import { listeners } from "./listeners";
import type { Entry } from "./types";

export type Connection = "connecting" | "live" | "lost" | "gone"; // gone: the environment is

const entries = listeners<Entry>();
const revisions = listeners<void>();
const connections = listeners<Connection>();
let connection: Connection = "connecting";

// onEntry tells of every entry of the journal from now on.
export const onEntry = entries.listen;

// onChange tells that something may have changed, at most every pause milliseconds.
export const onChange = revisions.listen;

const pause = 150;
let waiting = false;

// changed lets the pages read anew.
export function changed() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    revisions.tell();
  }, pause);
}

// seen ends when nobody sees the page any more: a browser has six connections to a
// server for all its tabs, and a stream takes one.
let seen = new AbortController();
const shown = listeners<void>();
document.addEventListener("visibilitychange", () => (document.hidden ? seen.abort() : shown.tell()));
addEventListener("pagehide", () => seen.abort());
addEventListener("pageshow", () => shown.tell());

// follow reads the journal behind after, while somebody sees the page.
export async function follow(after: number) {
  for (;;) {
    if (document.hidden) await new Promise<void>((again) => { const stop = shown.listen(() => { stop(); again(); }); });
    seen = new AbortController();
    try {
      const answer = await fetch(prefix + "/control/journal?format=events&after=" + after, { headers: headersFor("/control/journal"), cache: "no-store", signal: seen.signal });
      if (answer.status === 404) {
        tellConnection("gone");
        return;
      }
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      tellConnection("live");
      changed(); // what happened in between
      for await (const entry of events(answer.body)) {
        after = entry.seq;
        entries.tell(entry);
        if (entry.kind !== "request" || entry.method !== "GET") changed();
      }
    } catch {
      // The server ended, or sleeps: it is asked again.
    }
    if (seen.signal.aborted) continue;
    tellConnection("lost");
    await new Promise((again) => setTimeout(again, 1000));
  }
}

// events are the entries of a stream of server-sent events.
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<Entry> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.split("\n").find((line) => line.startsWith("data: "));
      if (data) yield JSON.parse(data.slice("data: ".length));
    }
  }
}

function tellConnection(c: Connection) {
  if (c === connection) return;
  connection = c;
  connections.tell(c);
}

export function useConnection(): Connection {
  const [state, setState] = useState(connection);
  useEffect(() => {
    setState(connection); // it may have changed before anybody listened
    return connections.listen(setState);
  }, []);
  return state;
}
