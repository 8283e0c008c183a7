// The message clients of a subaccount's event bus.

import { useSubaccount } from "../api/account";
import { get } from "../api/client";
import { useQuery } from "../api/query";
import type { BusClient, EventBus } from "../api/types";
import { Link } from "../app/router";
import { texts } from "../texts";
import { Page as PageFrame } from "../ui/page";
import { SubaccountChoice } from "../ui/subaccount";
import { Empty, Table } from "../ui/table";

const t = texts.eventMesh;

export function Page() {
  const { subaccount, loaded } = useSubaccount();
  const path = subaccount && `/api/v1/subaccounts/${subaccount.id}/eventBus`;
  const bus = useQuery(path, () => get<EventBus>(path!));
  const queues = bus.data?.queues ?? [];
  const webhooks = bus.data?.webhooks ?? [];
  const messages = (of: BusClient) => queues.filter((q) => q.instance === of.instance).reduce((n, q) => n + q.messages, 0);
  return (
    <PageFrame title={texts.navigation.eventMesh} intro={t.intro} of={{ ...bus, loading: bus.loading || !loaded }}>
      <SubaccountChoice />
      <Table
        caption={t.clients}
        rows={bus.data?.clients ?? []}
        keyOf={(c) => c.instance}
        sortBy="name"
        columns={[
          { key: "name", title: t.client, sort: (c) => c.emname, render: (c) => <Link to={"eventmesh/" + encodeURIComponent(c.instance)}>{c.emname}</Link> },
          { key: "namespace", title: t.namespace, sort: (c) => c.namespace, render: (c) => <span class="mono">{c.namespace}</span> },
          { key: "queues", title: t.queues, sort: (c) => queues.filter((q) => q.instance === c.instance).length, render: (c) => queues.filter((q) => q.instance === c.instance).length },
          { key: "messages", title: t.messages, sort: messages, render: messages },
          { key: "webhooks", title: t.webhooks, narrow: true, render: (c) => webhooks.filter((w) => w.instance === c.instance).length },
          { key: "options", title: t.options, narrow: true, render: optionsOf },
        ]}
        empty={
          <Empty title={t.empty}>
            <p>{t.emptyDetail}</p>
            <Link to="instances">{t.toInstances}</Link>
          </Empty>
        }
      />
    </PageFrame>
  );
}

export function optionsOf(c: BusClient): string {
  const on = Object.entries(c.options).flatMap(([name, given]) => (given ? [name] : []));
  return on.join(", ") || t.noOptions;
}
