// The rows of a tenant's console: a token makes one; it is disabled, enabled, deleted.

import { useState } from "preact/hooks";
import { handedOver } from "../../api/handover";
import { send } from "../../api/client";
import type { Pairing, Tenant } from "../../api/types";
import { Link } from "../../app/router";
import { texts } from "../../texts";
import { Actions } from "../../ui/actions";
import { Button } from "../../ui/button";
import { Confirm, useAct } from "../../ui/confirm";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { formatInstant } from "../../ui/format";
import { RefusedBy } from "../../ui/message";
import { Badge } from "../../ui/status";
import { Empty, Table } from "../../ui/table";

const t = texts.tenant;

// Pair is the dialog that takes the token.
export function Pair({ tenant, path, onClose, onBegun }: { tenant: Tenant; path: string; onClose: () => void; onBegun: (row: string) => void }) {
  const words = t.consoles[tenant.product];
  const handed = handedOver(tenant.product);
  const [token, setToken] = useState("");
  const [description, setDescription] = useState("");
  const { busy, refusal, run } = useAct(async () => {
    const row = await send<Pairing>("POST", path + "/pairings", { token: token.trim(), ...(description ? { description } : {}) });
    onBegun(row.id);
  }, onClose);
  return (
    <Dialog
      title={words?.add ?? tenant.console.row}
      onClose={onClose}
      footer={
        <>
          <Button look="emphasized" submit form="pair" disabled={busy || token.trim() === ""}>
            {words?.save ?? texts.register.go}
          </Button>
          <Button look="transparent" onClick={onClose}>
            {texts.common.cancel}
          </Button>
        </>
      }
    >
      <form
        id="pair"
        class="register"
        onSubmit={(e) => {
          e.preventDefault();
          void run();
        }}
      >
        <Field label={tenant.console.field} hint={t.tokenHint} required>
          {(id, note) => <textarea id={id} class="fd-textarea mono" rows={5} autofocus spellcheck={false} aria-describedby={note} value={token} onInput={(e) => setToken(e.currentTarget.value)} />}
        </Field>
        {handed && (
          <div>
            <Button onClick={() => setToken(handed.token)}>{t.fromCockpit(handed.system)}</Button>
          </div>
        )}
        <Field label={t.description}>{(id) => <input id={id} class="fd-input" value={description} autocomplete="off" onInput={(e) => setDescription(e.currentTarget.value)} />}</Field>
      </form>
      {refusal && <RefusedBy refusal={refusal} />}
    </Dialog>
  );
}

// Rows are the pairings of a tenant. What the watched one does is shown as it does it.
export function Rows({ tenant, rows, path, watched, watch }: { tenant: Tenant; rows: Pairing[]; path: string; watched?: string; watch: (row?: string) => void }) {
  const [deleting, remove] = useState<Pairing>();
  const act = useAct((row: Pairing, what: string) => send("POST", `${path}/pairings/${row.id}/${what}`, {}));
  const words = tenant.console;
  const not = (row: Pairing, verb: string, possible: Pairing["status"]["code"][]) => (possible.includes(row.status.code) ? undefined : t.notNow(verb, row.status.label));
  const shown = rows.find((r) => r.id === watched);
  return (
    <>
      {act.refusal && <RefusedBy refusal={act.refusal} />}
      <Table
        caption={t.consoles[tenant.product]?.rows ?? words.row}
        rows={rows}
        keyOf={(r) => r.id}
        columns={[
          { key: "name", title: t.description, render: (r) => r.description || `${words.row} ${r.id}` },
          {
            key: "status",
            title: texts.common.status,
            render: (r) => (
              <>
                <Badge code={r.status.code} label={r.status.label} />
                {r.cause && <div class="hint">{r.cause}</div>}
                {r.next && <div class="hint">{r.next}</div>}
              </>
            ),
          },
          { key: "application", title: t.application, render: (r) => r.systemId && <Link to={"systems/" + r.systemId}>{r.applicationName ?? r.systemId}</Link> },
          { key: "until", title: t.validUntil, narrow: true, render: (r) => formatInstant(r.certificate?.notAfter) },
          {
            key: "calls",
            title: t.calls,
            render: (r) => (
              <span class="calls">
                <Button expanded={r.id === watched} onClick={() => watch(r.id === watched ? undefined : r.id)}>
                  {r.calls.length}
                  <span class="sr-only"> {t.callsOf(r.id)}</span>
                </Button>
                {r.systemId && <Link to={"story?system=" + r.systemId}>{t.story}</Link>}
              </span>
            ),
          },
          {
            key: "actions",
            title: texts.common.actions,
            render: (r) => (
              <Actions
                id={"row-" + r.id}
                of={r.description || `${words.row} ${r.id}`}
                actions={[
                  { label: words.disable, why: not(r, words.disable, ["registered"]), act: () => void act.run(r, "disablement") },
                  { label: words.enable, why: not(r, words.enable, ["disabled"]), act: () => void act.run(r, "enablement") },
                  { label: words.delete, why: not(r, words.delete, ["registered", "disabled", "deregistered", "failed"]), negative: true, act: () => remove(r) },
                ]}
              />
            ),
          },
        ]}
        empty={
          <Empty title={t.noRows}>
            <p>{t.noRowsDetail}</p>
          </Empty>
        }
      />
      {shown && <Steps row={shown} name={shown.description || `${words.row} ${shown.id}`} onClose={() => watch(undefined)} />}
      {deleting && (
        <Confirm title={t.deleteTitle(words.row)} verb={words.delete} negative onClose={() => remove(undefined)} act={() => send("DELETE", `${path}/pairings/${deleting.id}`)}>
          <p>{t.deleteDetail}</p>
        </Confirm>
      )}
    </>
  );
}

// Steps are the calls that a tenant has made for a row, what each is for and how it ended.
function Steps({ row, name, onClose }: { row: Pairing; name: string; onClose: () => void }) {
  return (
    <section class="card calls__steps" aria-label={t.callsOf(name)}>
      <div class="card__head">
        <h2 class="fd-title fd-title--h4">{t.callsOf(name)}</h2>
        <Badge code={row.status.code} label={row.status.label} />
        {row.systemId && <Link to={"story?system=" + row.systemId}>{t.story}</Link>}
        <span class="shell__space" />
        <Button look="transparent" icon="close" label={texts.common.close} onClick={onClose} />
      </div>
      <ol>
        {row.calls.map((c, i) => (
          <li key={i}>
            <span>
              {t.steps[c.step] ?? c.step} <span class="mono hint">{`${c.method} ${c.path}`}</span>
            </span>
            <Badge code={c.status >= 200 && c.status < 300 ? "ready" : "failed"} label={c.status ? String(c.status) : t.noAnswer} />
          </li>
        ))}
        {row.status.code === "inProgress" && (
          <li>
            <span role="status">{t.underWay}</span>
            <Badge code="inProgress" label={t.waits} />
          </li>
        )}
      </ol>
    </section>
  );
}
