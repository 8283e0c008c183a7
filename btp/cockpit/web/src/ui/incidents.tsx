import { useState } from "preact/hooks";
import { useList } from "../api/account";
import { send } from "../api/client";
import type { Incident } from "../api/types";
import { texts } from "../texts";
import { Button } from "./button";
import { Confirm } from "./confirm";
import { Field } from "./field";
import { formatInstant } from "./format";
import { Badge } from "./status";
import { Empty, Table } from "./table";

const t = texts.incidents;

// useIncidents are those about a system or formation, newest first.
export function useIncidents(subject: string) {
  const all = useList<Incident>("incidents");
  return { items: (all.data?.items ?? []).filter((i) => i.subject.id === subject).reverse() };
}

export function Incidents({ incidents }: { incidents: Incident[] }) {
  const [resolving, resolve] = useState<Incident>();
  const [text, setText] = useState(t.resolutionDefault);
  return (
    <>
      <Table
        caption={t.caption}
        rows={incidents}
        keyOf={(i) => i.id}
        columns={[
          { key: "state", title: t.state, render: (i) => <Badge code={i.open ? "open" : "valid"} label={i.open ? t.open : t.resolved} /> },
          { key: "status", title: texts.common.status, render: (i) => i.status },
          { key: "cause", title: t.cause, render: (i) => [i.cause, i.resolution && <div class="hint">{i.resolution}</div>] },
          { key: "component", title: t.component, render: (i) => <span class="mono">{i.component}</span> },
          { key: "opened", title: t.opened, narrow: true, render: (i) => formatInstant(i.openedAt) },
          { key: "actions", title: texts.common.actions, render: (i) => i.open && <Button onClick={() => resolve(i)}>{t.resolve}</Button> },
        ]}
        empty={
          <Empty title={t.empty}>
            <p>{t.emptyDetail}</p>
          </Empty>
        }
      />
      {resolving && (
        <Confirm title={t.resolveTitle} verb={t.resolve} onClose={() => resolve(undefined)} act={() => send("POST", `/control/incidents/${resolving.id}/resolution`, { resolution: text })}>
          <p>{t.resolveDetail}</p>
          <Field label={t.resolution}>{(id) => <input id={id} class="fd-input" value={text} onInput={(e) => setText(e.currentTarget.value)} />}</Field>
        </Confirm>
      )}
    </>
  );
}
