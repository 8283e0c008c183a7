// The pace of a story: steps of a system are held, and let go by the reader or by
// time. A hold is a fault like any other (docs/faults.md).

import { useEffect, useState } from "preact/hooks";
import { get, send } from "../../api/client";
import type { Fault, Hold, List } from "../../api/types";

export type Pace = "step" | "slow" | "fast" | "live";

// pauses are how long a step waits at a pace, in milliseconds.
const pauses: Partial<Record<Pace, number>> = { slow: 1500, fast: 400 };

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

const isOurs = (f: Fault, system: string) => f.match.system === system && f.action.kind === "hold" && held.includes(f.point);

// letGo takes back what slowDown has set.
export async function letGo(system: string) {
  const faults = await get<List<Fault>>("/control/faults");
  for (const f of faults.items) if (isOurs(f, system)) await send("DELETE", "/control/faults/" + f.id);
}

const release = (hold: Hold) => send("POST", `/control/holds/${hold.id}/release`, {}).catch(() => undefined); // somebody was faster

export function usePace(system: string) {
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
      const mine = all.items.filter((h) => h.kind === "step" && h.subject.system === system);
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

  const change = (next: Pace) => {
    set(next);
    if (!system) return;
    void (next === "live" ? letGo(system) : slowDown(system, next));
  };
  const step = () => {
    if (holds[0]) void release(holds[0]);
  };
  return [{ pace, paused: pace === "step", holds, step }, change] as const;
}
