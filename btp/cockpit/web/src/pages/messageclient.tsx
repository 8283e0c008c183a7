// A message client of an event bus, as the management dashboard of SAP Event Mesh
// has it. What is done here is done as this client, without its credentials.

import { get } from "../api/client";
import { useQuery } from "../api/query";
import type { BusClient, BusRule, EventBus } from "../api/types";
import { Link } from "../app/router";
import type { Parameters } from "../app/routes";
import { texts } from "../texts";
import { Facts, Page as PageFrame } from "../ui/page";
import { Empty, Table } from "../ui/table";
import { Tabs } from "../ui/tabs";
import { optionsOf } from "./eventmesh";
import { Queues } from "./messageclient/queues";
import { Test } from "./messageclient/test";
import { Webhooks } from "./messageclient/webhooks";

const t = texts.eventMesh;

export function Page({ parameters: { instance } }: { parameters: Parameters }) {
  // The address names a client of any subaccount: its instance says of which.
  const instancePath = "/api/v1/serviceInstances/" + encodeURIComponent(instance);
  const owner = useQuery("instance " + instance, () => get<{ subaccount: string }>(instancePath));
  const path = owner.data && `/api/v1/subaccounts/${owner.data.subaccount}/eventBus`;
  const bus = useQuery(path, () => get<EventBus>(path!));
  const client = bus.data?.clients.find((c) => c.instance === instance);
  const up = { to: "eventmesh", title: texts.navigation.eventMesh };
  if (owner.refusal?.status === 404 || (bus.data && !client)) {
    return (
      <PageFrame title={t.gone} up={up}>
        <Empty title={t.goneDetail}>
          <Link to="eventmesh">{t.toList}</Link>
        </Empty>
      </PageFrame>
    );
  }
  const queues = bus.data?.queues.filter((q) => q.instance === instance) ?? [];
  const webhooks = bus.data?.webhooks.filter((w) => w.instance === instance) ?? [];
  const of = client && { client, queues, webhooks, bus: path!, path: `${path}/clients/${encodeURIComponent(instance)}` };
  return (
    <PageFrame title={client?.emname ?? texts.navigation.messageClient} up={up} of={{ ...bus, loading: bus.loading || owner.loading, refusal: owner.refusal ?? bus.refusal }}>
      {of && (
        <Tabs
          label={t.label}
          tabs={[
            { id: "overview", title: t.overview, render: () => <Overview client={of.client} /> },
            { id: "queues", title: t.queues, count: queues.length, render: () => <Queues of={of} /> },
            { id: "webhooks", title: t.webhooks, count: webhooks.length, render: () => <Webhooks of={of} /> },
            { id: "test", title: t.test, render: () => <Test of={of} /> },
            { id: "rules", title: t.rules, render: () => <Rules client={of.client} /> },
          ]}
        />
      )}
    </PageFrame>
  );
}

function Overview({ client }: { client: BusClient }) {
  return (
    <div class="card">
      <Facts
        facts={[
          [t.name, client.emname],
          [t.namespace, <span class="mono">{client.namespace}</span>],
          [t.options, optionsOf(client)],
          [t.units, client.units],
          [t.instance, <Link to={"instances/" + encodeURIComponent(client.instance)}>{client.instance}</Link>],
        ]}
      />
    </div>
  );
}

function Rules({ client }: { client: BusClient }) {
  const rows: [string, BusRule][] = [
    [t.topicRules, client.rules.topicRules],
    [t.queueRules, client.rules.queueRules],
  ];
  const filter = (patterns: string[]) => (patterns.length ? <span class="mono">{patterns.join(", ")}</span> : <span class="mono">{client.namespace}/*</span>);
  return (
    <>
      <p class="hint">{t.rulesHint}</p>
      <Table
        caption={t.rules}
        rows={rows}
        keyOf={([name]) => name}
        columns={[
          { key: "rule", title: t.rule, render: ([name]) => name },
          { key: "publish", title: t.publishFilter, render: ([, r]) => filter(r.publishFilter) },
          { key: "subscribe", title: t.subscribeFilter, render: ([, r]) => filter(r.subscribeFilter) },
        ]}
      />
    </>
  );
}
