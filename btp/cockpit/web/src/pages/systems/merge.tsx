// The dialog Merge System (5592d86.md).

import { useState } from "preact/hooks";
import { get, send } from "../../api/client";
import { useQuery } from "../../api/query";
import type { System } from "../../api/types";
import { edition } from "../../api/words";
import { navigate } from "../../app/router";
import { texts } from "../../texts";
import { Button } from "../../ui/button";
import { useAct } from "../../ui/confirm";
import { Dialog } from "../../ui/dialog";
import { Field, Select } from "../../ui/field";
import { Message, RefusedBy } from "../../ui/message";

const t = texts.merge;

// MergeDialog leads to the target when it is done: the system itself is gone then.
export function MergeDialog({ system, onClose }: { system: System; onClose: () => void }) {
  const path = "/api/v1/systems/" + system.id;
  const found = useQuery("system " + system.id, () => get<System>(path));
  const targets = found.data?.mergeTargets ?? [];
  const [chosen, choose] = useState("");
  const target = targets.find((s) => s.id === chosen) ?? targets[0];
  const { busy, refusal, run } = useAct(
    async () => {
      await send("POST", path + "/merge", { target: target.id });
      navigate("systems/" + target.id);
    },
    onClose,
  );
  return (
    <Dialog
      title={edition().mergeVerb}
      onClose={onClose}
      footer={
        <>
          <Button look="emphasized" why={target || !found.data ? undefined : t.none} disabled={busy || !target} onClick={run}>
            {t.go}
          </Button>
          <Button look="transparent" onClick={onClose}>
            {texts.common.cancel}
          </Button>
        </>
      }
    >
      <p>{t.what(system.name)}</p>
      {found.data && targets.length === 0 ? (
        <Message tone="information">{t.none}</Message>
      ) : (
        <Field label={t.target} hint={system.discovery.url} required>
          {(id, note) => <Select id={id} describedBy={note} value={target?.id ?? ""} onChange={choose} options={targets.map((s) => ({ value: s.id, label: s.name }))} />}
        </Field>
      )}
      {refusal && <RefusedBy refusal={refusal} />}
    </Dialog>
  );
}
