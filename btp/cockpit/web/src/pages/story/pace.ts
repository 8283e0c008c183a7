// The pace of a story: steps of a system are held, and let go by the reader or by
// time. A hold is a fault like any other (docs/faults.md).

import { useEffect, useState } from "preact/hooks";
import { get, send } from "../../api/client";
import type { Fault, Hold, List } from "../../api/types";

export type Pace = "step" | "slow" | "fast" | "live";

// pauses are how long a step waits at a pace, in milliseconds.
export const pauses: Partial<Record<Pace, number>> = { slow: 1500, fast: 400 };

// held are the steps that wait; those of a pairing, from the token to the descriptor.
const held = ["pairing.*", "services.create", "services.list", "certificate.management-info"];
const look = 200;

// slowDown lets the steps of a system wait, at every pace but "at once".
export async function slowDown(system: string, pace: Pace) {
  if (pace === "live") return;
  const faults = await get<List<Fault>>("/control/faults");
  if (faults.items.some((f) => isOurs(f, system))) return;
  for (const point of held) await send("POST", "/control/faults", { point, match: { system }, action: { kind: "hold" } });
}

export const isOurs = (f: Fault, system: string) => f.match.system === system && f.action.kind === "hold" && held.includes(f.point);

// letGo takes back what slowDown has set, and lets what it holds go on.
export async function letGo(system: string) {
  const ours = (await get<List<Fault>>("/control/faults")).items.filter((f) => isOurs(f, system));
  if (ours.length === 0) return;
  for (const f of ours) await send("DELETE", "/control/faults/" + f.id);
  for (const h of (await get<List<Hold>>("/control/holds")).items) if (isOf(h, system)) await release(h);
}

const isOf = (h: Hold, system: string) => h.kind === "step" && h.subject.system === system;

const release = (hold: Hold) => send("POST", `/control/holds/${hold.id}/release`, {}).catch(() => undefined); // somebody was faster

// usePace is the pace at which a system is paired; one whose story has ended is not held.
export function usePace(system: string, ended: boolean) {
  const [pace, set] = useState<Pace>("slow");
  const [holds, setHolds] = useState<Hold[]>([]);

  // Nothing stands in the journal before a step is done: what waits is asked for.
  useEffect(() => {
    setHolds([]);
    if (!system) return;
    let left = false;
    let since = 0;
    const again = async () => {
      const all = await get<List<Hold>>("/control/holds").catch(() => ({ items: [] as Hold[] }));
      if (left) return;
      const mine = all.items.filter((h) => isOf(h, system));
      setHolds((before) => (before[0]?.id === mine[0]?.id && before.length === mine.length ? before : mine));
      const pause = pace === "live" ? 0 : pauses[pace];
      since = mine.length === 0 ? 0 : since + look;
      if (mine.length > 0 && pause !== undefined && since >= pause) {
        since = 0;
        await release(mine[0]);
      }
    };
    const timer = setInterval(() => void again(), look);
    return () => {
      left = true;
      clearInterval(timer);
    };
  }, [system, pace]);

  // Who leaves a story holds it up no longer.
  useEffect(() => {
    if (!system) return;
    return () => {
      void letGo(system).catch(() => undefined);
    };
  }, [system]);

  const change = (next: Pace) => {
    set(next);
    if (!system || ended) return;
    void (next === "live" ? letGo(system) : slowDown(system, next));
  };
  const step = () => {
    if (holds[0]) void release(holds[0]);
  };
  return [{ pace, paused: pace === "step", holds, step }, change] as const;
}
