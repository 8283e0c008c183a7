// A story told again: what has happened is shown step by step, and nothing waits for
// the reader.

import { useEffect, useState } from "preact/hooks";
import { pauses, type Pace } from "./pace";

// usePlayer says how much of a story of so many steps is shown, at a pace: all of it,
// unless it is told again. step shows one more.
export function usePlayer(story: string, length: number, pace: Pace) {
  const [again, tell] = useState<{ story: string; shown: number }>();
  const told = again?.story === story ? again : undefined;
  const shown = told ? Math.min(told.shown, length) : length;
  const telling = told !== undefined && shown < length;
  useEffect(() => {
    const pause = pauses[pace] ?? (pace === "live" ? 0 : undefined);
    if (!telling || pause === undefined) return;
    const timer = setTimeout(() => tell({ story, shown: shown + 1 }), pause);
    return () => clearTimeout(timer);
  }, [telling, shown, pace, story]);
  return {
    shown,
    telling,
    again: () => tell({ story, shown: 1 }),
    step: () => tell({ story, shown: shown + 1 }),
    end: () => tell(undefined),
  };
}
