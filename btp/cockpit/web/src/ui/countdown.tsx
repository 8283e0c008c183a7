import { useNow } from "../api/clock";
import { texts } from "../texts";
import { formatInstant, formatLeft } from "./format";

// Countdown is the remaining validity on the environment's clock: something is
// valid strictly before its end.
export function Countdown({ from, until }: { from: string; until: string }) {
  const now = useNow();
  const start = Date.parse(from);
  const end = Date.parse(until);
  const left = (end - now) / 1000;
  const share = Math.max(0, Math.min(1, (end - now) / Math.max(1, end - start)));
  const tone = left <= 0 ? "negative" : share < 0.2 ? "critical" : "positive";
  return (
    <div class={"countdown countdown--" + tone}>
      <div class="countdown__bar" aria-hidden="true">
        <div style={{ width: share * 100 + "%" }} />
      </div>
      <span role="timer">{left <= 0 ? texts.token.expiredAt(formatInstant(until)) : texts.token.left(formatLeft(left), formatInstant(until))}</span>
    </div>
  );
}
