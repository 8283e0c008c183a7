import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { Webhook } from "../../api/types";
import { texts } from "../../texts";
import { Actions } from "../../ui/actions";
import { Button } from "../../ui/button";
import { Confirm, useAct } from "../../ui/confirm";
import { Field, Select } from "../../ui/field";
import { Message, RefusedBy } from "../../ui/message";
import { Badge } from "../../ui/status";
import { Empty, Table } from "../../ui/table";
import type { Client } from "./client";

const t = texts.eventMesh;

export function Webhooks({ of }: { of: Client }) {
  const [creating, create] = useState(false);
  const [deleting, remove] = useState<Webhook>();
  const [asked, tell] = useState<string>();
  const state = useAct((webhook: string, action: string) => send("PUT", of.path + "/webhooks/state", { webhook, action }));
  const handshake = useAct(async (webhook: string) => {
    tell(undefined);
    await send("POST", of.path + "/webhooks/handshake", { webhook });
    tell(webhook);
  });
  const refusal = handshake.refusal ?? state.refusal;
  const why = of.client.options.messagingrest ? undefined : t.needsMessaging;
  return (
    <>
      <div class="bar">
        <Button look="emphasized" icon="add" why={why ?? (of.queues.length ? undefined : t.noQueueYet)} onClick={() => create(true)}>
          {t.createWebhook}
        </Button>
      </div>
      {refusal && <RefusedBy refusal={refusal} />}
      {asked && (
        <Message tone="success" live>
          {t.asked(asked)}
        </Message>
      )}
      <Table
        caption={t.webhooks}
        rows={of.webhooks}
        keyOf={(w) => w.name}
        sortBy="name"
        columns={[
          { key: "name", title: t.subscription, sort: (w) => w.name, render: (w) => w.name },
          { key: "queue", title: t.queue, narrow: true, render: (w) => <span class="mono">{w.queue}</span> },
          { key: "url", title: t.url, render: (w) => <span class="mono">{w.endpoint}</span> },
          { key: "qos", title: t.qos, narrow: true, render: (w) => t.qosOf[w.qos] },
          {
            key: "handshake",
            title: t.handshake,
            render: (w) => <Badge code={{ done: "succeeded", refused: "failed", open: "waiting", exempt: "exempt" }[w.handshake]} label={t.handshakes[w.handshake]} />,
          },
          {
            key: "state",
            title: t.state,
            render: (w) => (
              <>
                <Badge code={w.state === "active" ? "succeeded" : "pending"} label={t.states[w.state]} />
                {w.attempts > 0 && <div class="hint">{t.attempts(w.attempts)}</div>}
                {w.failure && <div class="hint">{w.failure}</div>}
              </>
            ),
          },
          {
            key: "actions",
            title: texts.common.actions,
            render: (w) => (
              <Actions
                id={"webhook-" + w.name.replace(/[^A-Za-z0-9]/g, "-")}
                of={w.name}
                actions={[
                  { label: t.ask, why: why ?? (w.handshake === "exempt" ? t.isExempt : undefined), act: () => handshake.run(w.name) },
                  { label: t.pause, why: why ?? (rests(w) ? t.isPaused : undefined), act: () => state.run(w.name, "pause") },
                  { label: t.resume, why: why ?? (w.state === "active" ? t.isActive : undefined), act: () => state.run(w.name, "resume") },
                  { label: t.delete, why, negative: true, act: () => remove(w) },
                ]}
              />
            ),
          },
        ]}
        empty={
          <Empty title={t.noWebhooks}>
            <p>{t.noWebhooksDetail}</p>
          </Empty>
        }
      />
      {creating && <Create of={of} onClose={() => create(false)} />}
      {deleting && (
        <Confirm
          title={t.deleteTitle(deleting.name)}
          verb={t.delete}
          negative
          onClose={() => remove(undefined)}
          act={() => send("DELETE", `${of.path}/webhooks?webhook=${encodeURIComponent(deleting.name)}`)}
        >
          <p>{t.deleteWebhook}</p>
        </Confirm>
      )}
    </>
  );
}

// rests says that somebody paused it: without a handshake it rests in any case.
const rests = (w: Webhook) => w.state === "paused" && (w.handshake === "done" || w.handshake === "exempt");

function Create({ of, onClose }: { of: Client; onClose: () => void }) {
  const [name, setName] = useState("");
  const [queue, setQueue] = useState(of.queues[0].name);
  const [endpoint, setEndpoint] = useState("");
  const [qos, setQoS] = useState("1");
  const [exemptHandshake, exempt] = useState(false);
  return (
    <Confirm title={t.createWebhook} verb={t.create} onClose={onClose} act={() => send("POST", of.path + "/webhooks", { name, queue, endpoint, qos: Number(qos), exemptHandshake })}>
      <Field label={t.subscription} required>
        {(id) => <input id={id} class="fd-input" value={name} autocomplete="off" onInput={(e) => setName(e.currentTarget.value)} />}
      </Field>
      <Field label={t.queue} required>
        {(id) => <Select id={id} value={queue} onChange={setQueue} options={of.queues.map((q) => ({ value: q.name, label: q.name }))} />}
      </Field>
      <Field label={t.url} hint={t.urlHint} required>
        {(id, note) => <input id={id} class="fd-input" type="url" value={endpoint} aria-describedby={note} autocomplete="off" onInput={(e) => setEndpoint(e.currentTarget.value)} />}
      </Field>
      <Field label={t.qos}>{(id) => <Select id={id} value={qos} onChange={setQoS} options={["0", "1"].map((value) => ({ value, label: t.qosOf[Number(value)] }))} />}</Field>
      <label>
        <input type="checkbox" checked={exemptHandshake} onChange={(e) => exempt(e.currentTarget.checked)} /> {t.exempt}
      </label>
    </Confirm>
  );
}
