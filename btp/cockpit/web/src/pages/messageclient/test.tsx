import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { ConsumedMessage } from "../../api/types";
import { texts } from "../../texts";
import { Button } from "../../ui/button";
import { useAct } from "../../ui/confirm";
import { Field, Select } from "../../ui/field";
import { Message, RefusedBy } from "../../ui/message";
import { Facts } from "../../ui/page";
import type { Client } from "./client";

const t = texts.eventMesh;

// Test publishes and consumes as the client, to see what comes of it.
export function Test({ of }: { of: Client }) {
  const why = of.client.options.messagingrest ? undefined : t.needsMessaging;
  return (
    <div class="beside">
      <Publish of={of} why={why} />
      <Consume of={of} why={why} />
    </div>
  );
}

function Publish({ of, why }: { of: Client; why?: string }) {
  const [to, setTo] = useState<"topic" | "queue">("topic");
  const [topic, setTopic] = useState(of.client.namespace + "/test");
  const [queue, setQueue] = useState(of.queues[0]?.name ?? "");
  const [contentType, setContentType] = useState("application/json");
  const [body, setBody] = useState('{"hello": "world"}');
  const [sent, tell] = useState<string>();
  const publishing = useAct(async () => {
    tell(undefined);
    await send("POST", of.path + "/publications", { [to]: to === "topic" ? topic : queue, contentType, body });
    tell(to === "topic" ? t.sent : t.sentToQueue);
  });
  return (
    <section class="card" aria-label={t.publish}>
      <h2 class="fd-title fd-title--h4">{t.publish}</h2>
      <Field label={t.to}>
        {(id) => (
          <Select
            id={id}
            value={to}
            onChange={(value) => setTo(value as "topic" | "queue")}
            options={[
              { value: "topic", label: t.toTopic },
              { value: "queue", label: t.toQueue },
            ]}
          />
        )}
      </Field>
      {to === "topic" ? (
        <Field label={t.topic} required>
          {(id) => <input id={id} class="fd-input" value={topic} autocomplete="off" onInput={(e) => setTopic(e.currentTarget.value)} />}
        </Field>
      ) : (
        <Field label={t.queueName} required>
          {(id) => <Select id={id} value={queue} onChange={setQueue} options={of.queues.map((q) => ({ value: q.name, label: q.name }))} />}
        </Field>
      )}
      <Field label={t.contentType}>{(id) => <input id={id} class="fd-input" value={contentType} autocomplete="off" onInput={(e) => setContentType(e.currentTarget.value)} />}</Field>
      <Field label={t.data} required>
        {(id) => <textarea id={id} class="fd-textarea mono" rows={5} value={body} onInput={(e) => setBody(e.currentTarget.value)} />}
      </Field>
      <div>
        <Button look="emphasized" why={why} disabled={publishing.busy} onClick={publishing.run}>
          {t.publishGo}
        </Button>
      </div>
      {publishing.refusal && <RefusedBy refusal={publishing.refusal} />}
      {sent && (
        <Message tone="success" live>
          {sent}
        </Message>
      )}
    </section>
  );
}

function Consume({ of, why }: { of: Client; why?: string }) {
  const [chosen, setQueue] = useState("");
  const queue = of.queues.find((q) => q.name === chosen)?.name ?? of.queues[0]?.name ?? "";
  const [message, show] = useState<{ got?: ConsumedMessage; queue: string; said?: string }>();
  const consuming = useAct(async () => {
    show(undefined);
    const got = await send<ConsumedMessage | undefined>("POST", of.path + "/consumptions", { queue });
    show({ got, queue, said: got ? undefined : t.nothing });
  });
  const acknowledging = useAct(async () => {
    await send("POST", of.path + "/acknowledgements", { queue: message!.queue, message: message!.got!.id });
    show({ queue, said: t.acknowledged });
  });
  const refusal = consuming.refusal ?? acknowledging.refusal;
  return (
    <section class="card" aria-label={t.consume}>
      <h2 class="fd-title fd-title--h4">{t.consume}</h2>
      <Field label={t.queueName} hint={of.queues.length ? t.consumeHint : t.noQueueYet}>
        {(id, note) => <Select id={id} value={queue} describedBy={note} onChange={setQueue} options={of.queues.map((q) => ({ value: q.name, label: q.name }))} />}
      </Field>
      <div>
        <Button why={why ?? (queue ? undefined : t.noQueueYet)} disabled={consuming.busy} onClick={consuming.run}>
          {t.consumeGo}
        </Button>
      </div>
      {refusal && <RefusedBy refusal={refusal} />}
      {message?.said && (
        <Message tone="information" live>
          {message.said}
        </Message>
      )}
      {message?.got && (
        <div role="status">
          <Facts
            facts={[
              [t.topic, <span class="mono">{message.got.topic}</span>],
              [t.contentType, message.got.contentType],
              [texts.common.id, <span class="mono">{message.got.id}</span>],
            ]}
          />
          {message.got.bodyBase64 && <p class="hint">{t.noText}</p>}
          <pre class="code" tabIndex={0} aria-label={t.got}>
            {message.got.body ?? message.got.bodyBase64}
          </pre>
          <Button disabled={acknowledging.busy} onClick={acknowledging.run}>
            {t.acknowledge}
          </Button>
        </div>
      )}
    </section>
  );
}
