import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Refusal } from "../api/client";
import { texts } from "../texts";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { RefusedBy } from "./message";

// Confirm asks before something is done, and says why it was refused.
export function Confirm(p: { title: string; verb: string; negative?: boolean; act: () => Promise<unknown>; onClose: () => void; onDone?: () => void; children: ComponentChildren }) {
  const { busy, refusal, run } = useAct(p.act, () => {
    p.onClose();
    p.onDone?.();
  });
  return (
    <Dialog
      title={p.title}
      onClose={p.onClose}
      footer={
        <>
          <Button look={p.negative ? "negative" : "emphasized"} onClick={run} disabled={busy}>
            {p.verb}
          </Button>
          <Button look="transparent" onClick={p.onClose}>
            {texts.common.cancel}
          </Button>
        </>
      }
    >
      {p.children}
      {refusal && <RefusedBy refusal={refusal} />}
    </Dialog>
  );
}

// useAct runs something once at a time and keeps why it was refused.
export function useAct<A extends unknown[]>(act: (...with_: A) => Promise<unknown>, done?: () => void) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const run = async (...with_: A) => {
    setBusy(true);
    setRefusal(undefined);
    try {
      await act(...with_);
      done?.();
    } catch (e) {
      setRefusal(e as Refusal);
    }
    setBusy(false);
  };
  return { busy, refusal, run };
}
