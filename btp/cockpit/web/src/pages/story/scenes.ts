// A story as scenes: each a request or a call with what came of it. Who asked whom
// is told by the diagram that the server makes of the journal.

import type { Diagram, Entry } from "../../api/types";

export type Points = Record<string, { text: string; source: string; metBy?: string }>;

export interface Scene {
  // key is the number of its first entry: it stays while the scene grows.
  key: number;
  point: string;
  from: string; // a participant
  to: string;
  // arrow is the request or the call; undefined while it waits, or where nobody asked.
  arrow?: Entry;
  // notes are what came of it, in order.
  notes: Entry[];
  // waiting: it is held, and has not gone on.
  waiting: boolean;
}

export const registry = "Registry";
const order = ["Control", "Operator", registry];
const isTenant = (participant: string) => participant.startsWith("Tenant") || participant === "Client";

// strike is what an entry says of a fault that struck: its rule, and what it did.
export function strike(e: Entry): { rule: string; did: string } | undefined {
  const found = /^fault (\S+): (.*)$/s.exec(e.detail ?? "");
  return found && e.faults?.length ? { rule: found[1], did: found[2] } : undefined;
}

const isHold = (e: Entry) => strike(e)?.did.startsWith("hold") ?? false;

// scenesOf tells the story of the entries. Holds are the reader's own pace: they are
// told only while something waits.
export function scenesOf(entries: Entry[], diagram: Diagram, points: Points): { scenes: Scene[]; participants: string[] } {
  const ends = new Map<number, { from: string; to: string }>();
  for (const s of diagram.steps) if (s.kind === "request" && s.seq !== undefined) ends.set(s.seq, { from: diagram.participants[s.from], to: diagram.participants[s.to] });
  const tenant = diagram.participants.find((p) => p.startsWith("Tenant")) ?? diagram.participants.find(isTenant) ?? "Tenant";
  const comes = (e: Entry) => {
    const metBy = points[e.point ?? ""]?.metBy;
    return metBy === "operator" ? "Operator" : metBy === "due" || metBy === undefined ? registry : tenant;
  };

  const scenes: Scene[] = [];
  const byRequest = new Map<number, Scene>();
  const begin = (e: Entry, from: string, to: string): Scene => {
    const scene = { key: e.seq, point: e.point ?? "", from, to, notes: [], waiting: false };
    scenes.push(scene);
    return scene;
  };
  // A strike has no number of a request: it belongs to the next that its rule touched.
  const struck = (e: Entry) => scenes.find((s) => !s.arrow && s.notes.length > 0 && strike(s.notes[0]) && (s.point === e.point || e.faults?.includes(strike(s.notes[0])!.rule)));
  const goOn = (e: Entry): Scene => {
    const scene = byRequest.get(e.request!) ?? struck(e) ?? begin(e, registry, registry);
    scene.waiting = false;
    byRequest.set(e.request!, scene);
    return scene;
  };

  for (const e of entries) {
    if (e.point === "hold.release" || e.point === "control.change") continue;
    if (e.kind === "request") {
      const scene = goOn(e);
      Object.assign(scene, { arrow: e, point: e.point, from: ends.get(e.seq)?.from ?? tenant, to: registry });
    } else if (e.kind === "call") {
      Object.assign(struck(e) ?? begin(e, registry, tenant), { arrow: e, point: e.point, waiting: false, from: registry, to: ends.get(e.seq)?.to ?? tenant });
    } else if (strike(e) && e.request === undefined) {
      const scene = begin(e, comes(e), registry);
      scene.waiting = isHold(e);
      scene.notes.push(e);
    } else if (e.request !== undefined) {
      goOn(e).notes.push(e);
    } else {
      // What the clock brought at one instant belongs together.
      const last = scenes.at(-1);
      (last && !last.arrow && !last.waiting && last.notes.at(-1)?.at === e.at ? last : begin(e, registry, registry)).notes.push(e);
    }
  }
  for (const s of scenes) if (!s.waiting) s.notes = s.notes.filter((n) => !isHold(n));
  const told = scenes.filter((s) => s.arrow || s.notes.length > 0);

  const seen = new Set([registry, ...told.flatMap((s) => [s.from, s.to])]);
  return { scenes: told, participants: [...order.filter((p) => seen.has(p)), ...[...seen].filter((p) => !order.includes(p))] };
}

// failed: a step was refused, or got no answer.
export function failed(scene: Scene): boolean {
  if (scene.arrow) return !scene.arrow.status || scene.arrow.status >= 400;
  return scene.notes.some((n) => n.kind === "refusal");
}
