// The environment's clock, as the pages show it: told by every answer, and running
// on in between unless it is frozen.

import { useEffect, useState } from "preact/hooks";
import { listeners } from "./listeners";
import type { Clock } from "./types";

let told = Date.now(); // the environment's time, in milliseconds
let at = performance.now(); // when it was told
let frozen = false;
const changes = listeners<void>();

export function now(): number {
  return frozen ? told : told + performance.now() - at;
}

export function isFrozen(): boolean {
  return frozen;
}

export function tellTime(header: string | null) {
  const time = header === null ? NaN : Date.parse(header);
  if (Number.isNaN(time)) return;
  // An answer that was long on its way does not set the clock back.
  if (!frozen && time < now() && now() - time < 2000) return;
  set(time, frozen);
}

export function tellClock(clock: Clock) {
  set(Date.parse(clock.now), clock.frozen);
}

function set(time: number, stands: boolean) {
  told = time;
  at = performance.now();
  frozen = stands;
  changes.tell();
}

// useNow is the environment's time, read again every second and when it jumps.
export function useNow(): number {
  const [time, setTime] = useState(now());
  useEffect(() => {
    const update = () => setTime(now());
    const timer = setInterval(update, 1000);
    const stop = changes.listen(update);
    return () => {
      clearInterval(timer);
      stop();
    };
  }, []);
  return time;
}
