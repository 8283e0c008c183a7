import { useState } from "preact/hooks";
import { all, send } from "../../api/client";
import { useQuery } from "../../api/query";
import type { Queue, QueuedMessage } from "../../api/types";
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
import type { Client } from "./client";

const t = texts.eventMesh;

type Open = { what: "subscriptions" | "content" | "delete"; queue: string };

export function Queues({ of }: { of: Client }) {
  const [creating, create] = useState(false);
  const [open, show] = useState<Open>();
  const why = of.client.options.management ? undefined : t.needsManagement;
  const queue = of.queues.find((q) => q.name === open?.queue);
  const close = () => show(undefined);
  return (
    <>
      <div class="bar">
        <Button look="emphasized" icon="add" why={why} onClick={() => create(true)}>
          {t.createQueue}
        </Button>
      </div>
      <Table
        caption={t.queues}
        rows={of.queues}
        keyOf={(q) => q.name}
        sortBy="name"
        columns={[
          { key: "name", title: t.queueName, sort: (q) => q.name, render: (q) => <span class="mono">{q.name}</span> },
          { key: "messages", title: t.messages, sort: (q) => q.messages, render: (q) => q.messages },
          { key: "unacknowledged", title: t.unacknowledged, sort: (q) => q.unacknowledged, render: (q) => q.unacknowledged },
          { key: "bytes", title: t.size, narrow: true, sort: (q) => q.bytes, render: (q) => q.bytes },
          { key: "topics", title: t.topics, narrow: true, render: (q) => <span class="mono">{q.topics.join(", ")}</span> },
          {
            key: "actions",
            title: texts.common.actions,
            render: (q) => (
              <Actions
                id={"queue-" + q.name.replace(/[^A-Za-z0-9]/g, "-")}
                of={q.name}
                actions={[
                  { label: t.queueSubscriptions, why, act: () => show({ what: "subscriptions", queue: q.name }) },
                  { label: t.content, act: () => show({ what: "content", queue: q.name }) },
                  { label: t.delete, why, negative: true, act: () => show({ what: "delete", queue: q.name }) },
                ]}
              />
            ),
          },
        ]}
        empty={
          <Empty title={t.noQueues}>
            <p>{t.noQueuesDetail}</p>
          </Empty>
        }
      />
      {creating && <Create of={of} onClose={() => create(false)} />}
      {queue && open?.what === "subscriptions" && <Subscriptions of={of} queue={queue} onClose={close} />}
      {queue && open?.what === "content" && <Content of={of} queue={queue} onClose={close} />}
      {queue && open?.what === "delete" && (
        <Confirm title={t.deleteTitle(queue.name)} verb={t.delete} negative onClose={close} act={() => send("DELETE", `${of.path}/queues?queue=${encodeURIComponent(queue.name)}`)}>
          <p>{t.deleteQueue}</p>
        </Confirm>
      )}
    </>
  );
}

function Create({ of, onClose }: { of: Client; onClose: () => void }) {
  const [name, setName] = useState("");
  return (
    <Confirm title={t.newQueue} verb={t.create} onClose={onClose} act={() => send("POST", of.path + "/queues", { name: `${of.client.namespace}/${name}` })}>
      <Field label={t.queueName} hint={t.queueHint(of.client.namespace)} required>
        {(id, note) => <input id={id} class="fd-input" value={name} aria-describedby={note} autocomplete="off" onInput={(e) => setName(e.currentTarget.value)} />}
      </Field>
    </Confirm>
  );
}

function Subscriptions({ of, queue, onClose }: { of: Client; queue: Queue; onClose: () => void }) {
  const [topic, setTopic] = useState("");
  const adding = useAct(
    () => send("POST", of.path + "/queueSubscriptions", { queue: queue.name, topic }),
    () => setTopic(""),
  );
  const removing = useAct((pattern: string) => send("DELETE", `${of.path}/queueSubscriptions?queue=${encodeURIComponent(queue.name)}&topic=${encodeURIComponent(pattern)}`));
  const refusal = adding.refusal ?? removing.refusal;
  return (
    <Dialog
      title={t.subscriptionsOf(queue.name)}
      wide
      onClose={onClose}
      footer={
        <Button look="transparent" onClick={onClose}>
          {texts.common.close}
        </Button>
      }
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void adding.run();
        }}
      >
        <Field label={t.topic} hint={t.topicHint}>
          {(id, note) => <input id={id} class="fd-input" value={topic} aria-describedby={note} autocomplete="off" onInput={(e) => setTopic(e.currentTarget.value)} />}
        </Field>
        <Button submit disabled={adding.busy || topic === ""}>
          {t.add}
        </Button>
      </form>
      {refusal && <RefusedBy refusal={refusal} />}
      <Table
        caption={t.subscribedTopic}
        rows={queue.topics}
        keyOf={(pattern) => pattern}
        columns={[
          { key: "topic", title: t.subscribedTopic, render: (pattern) => <span class="mono">{pattern}</span> },
          {
            key: "actions",
            title: texts.common.actions,
            render: (pattern) => (
              <Button icon="close" look="transparent" label={t.deleteTopic(pattern)} disabled={removing.busy} onClick={() => removing.run(pattern)} />
            ),
          },
        ]}
        empty={<Empty title={t.noTopics} />}
      />
    </Dialog>
  );
}

function Content({ of, queue, onClose }: { of: Client; queue: Queue; onClose: () => void }) {
  const path = `${of.bus}/messages?queue=${encodeURIComponent(queue.name)}`;
  const messages = useQuery(path, () => all<QueuedMessage>(path));
  return (
    <Dialog
      title={t.contentOf(queue.name)}
      wide
      onClose={onClose}
      footer={
        <Button look="emphasized" onClick={onClose}>
          {texts.common.close}
        </Button>
      }
    >
      <p class="hint">{t.contentHint}</p>
      {messages.refusal && <RefusedBy refusal={messages.refusal} />}
      <Table
        caption={t.contentOf(queue.name)}
        rows={messages.data?.items ?? []}
        keyOf={(m) => m.id}
        columns={[
          { key: "published", title: t.published, render: (m) => formatInstant(m.publishedAt) },
          { key: "topic", title: t.topic, render: (m) => <span class="mono">{m.topic}</span> },
          { key: "type", title: t.contentType, render: (m) => m.contentType },
          { key: "bytes", title: t.bytes, render: (m) => m.bytes },
          { key: "state", title: t.state, render: (m) => <Badge code={m.state} label={t.states[m.state]} /> },
          { key: "expires", title: t.expires, narrow: true, render: (m) => formatInstant(m.expiresAt) },
        ]}
        empty={<Empty title={messages.loading ? texts.common.loading : t.noMessages} />}
      />
    </Dialog>
  );
}
