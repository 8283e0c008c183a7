// The environment's clock in the header, and what moves it.

import { useState } from "preact/hooks";
import { get, Refusal, send } from "../api/client";
import { isFrozen, tellClock, useNow } from "../api/clock";
import { useQuery } from "../api/query";
import type { Clock } from "../api/types";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { formatDay, formatTime } from "../ui/format";
import { Icon } from "../ui/icon";
import { Popover } from "../ui/popover";
import { RefusedBy } from "../ui/message";

const t = texts.time;

export function Time() {
  const now = useNow();
  const [refusal, setRefusal] = useState<Refusal>();
  const [busy, setBusy] = useState(false);
  useQuery("clock", async () => {
    const clock = await get<Clock>("/control/clock");
    tellClock(clock);
    return clock;
  });
  const change = async (body: object) => {
    setBusy(true);
    setRefusal(undefined);
    try {
      tellClock(await send<Clock>("POST", "/control/clock", body));
    } catch (e) {
      setRefusal(e as Refusal);
    }
    setBusy(false);
  };
  const frozen = isFrozen();
  return (
    <Popover
      id="time"
      label={t.label}
      button={
        <>
          <Icon name={frozen ? "pause" : "clock"} />
          <time class="shell__time" dateTime={new Date(now).toISOString()}>
            {formatTime(now)}
          </time>
          {frozen && <span class="shell__frozen">{t.frozen}</span>}
        </>
      }
    >
      <div class="time">
        <p>
          <strong>{formatDay(now)}</strong>, {formatTime(now)} {t.zone}
        </p>
        <p class="hint">{t.what}</p>
        <div class="time__buttons">
          <Button onClick={() => change(frozen ? { resume: true } : { freeze: true })} disabled={busy}>
            {frozen ? t.resume : t.freeze}
          </Button>
          {t.steps.map((step) => (
            <Button key={step.by} onClick={() => change({ advance: step.by })} disabled={busy}>
              {step.label}
            </Button>
          ))}
        </div>
        {refusal && <RefusedBy refusal={refusal} />}
      </div>
    </Popover>
  );
}
