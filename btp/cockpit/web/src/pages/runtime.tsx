// What the Kyma runtime of a subaccount sees: applications, subscriptions, deliveries.

import { useState } from "preact/hooks";
import { useSubaccount } from "../api/account";
import { all, send } from "../api/client";
import { useQuery } from "../api/query";
import type { Application, Delivery, Subscription } from "../api/types";
import { Link } from "../app/router";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Confirm } from "../ui/confirm";
import { Field, Select } from "../ui/field";
import { formatInstant } from "../ui/format";
import { Page as PageFrame } from "../ui/page";
import { Badge } from "../ui/status";
import { SubaccountChoice } from "../ui/subaccount";
import { Empty, Table } from "../ui/table";
import { Tabs } from "../ui/tabs";

const t = texts.runtime;

export function Page() {
  const { subaccount, loaded } = useSubaccount();
  const kyma = subaccount?.environments.includes("kyma");
  const path = kyma ? `/api/v1/subaccounts/${subaccount!.id}/runtime` : undefined;
  const applications = useQuery(path && path + "/applications", () => all<Application>(path + "/applications"));
  const subscriptions = useQuery(path && path + "/subscriptions", () => all<Subscription>(path + "/subscriptions"));
  const deliveries = useQuery(path && path + "/deliveries", () => all<Delivery>(path + "/deliveries"));
  const [subscribing, subscribe] = useState(false);
  return (
    <PageFrame
      title={texts.navigation.runtime}
      intro={t.intro}
      of={{ ...applications, loading: applications.loading || !loaded }}
      actions={
        <Button look="emphasized" icon="add" why={subaccount && !kyma ? t.noKyma + "." : undefined} onClick={() => subscribe(true)}>
          {t.subscribe}
        </Button>
      }
    >
      <SubaccountChoice />
      {subaccount && !kyma ? (
        <Empty title={t.noKyma} />
      ) : (
        <Tabs
          label={t.label}
          tabs={[
            { id: "applications", title: t.applications, count: applications.data?.items.length, render: () => <Applications items={applications.data?.items ?? []} /> },
            { id: "subscriptions", title: t.subscriptions, count: subscriptions.data?.items.length, render: () => <Subscriptions items={subscriptions.data?.items ?? []} path={path!} /> },
            { id: "deliveries", title: t.deliveries, count: deliveries.data?.items.length, render: () => <Deliveries items={deliveries.data?.items ?? []} /> },
          ]}
        />
      )}
      {subscribing && <Subscribe path={path!} applications={applications.data?.items ?? []} onClose={() => subscribe(false)} />}
    </PageFrame>
  );
}

function Applications({ items }: { items: Application[] }) {
  if (items.length === 0) {
    return (
      <Empty title={t.noApplications}>
        <p>{t.noApplicationsDetail}</p>
      </Empty>
    );
  }
  return (
    <>
      {items.map((a) => (
        <section key={a.name} class="card">
          <div class="card__head">
            <h2 class="fd-title fd-title--h4">{a.name}</h2>
            <Link to={"systems/" + a.system.id}>{a.system.name}</Link>
            <span class="hint">{a.system.type}</span>
          </div>
          <Table
            caption={a.name}
            rows={a.services}
            keyOf={(s) => s.id}
            sortBy="name"
            columns={[
              { key: "name", title: texts.common.name, sort: (s) => s.name, render: (s) => s.name },
              { key: "kind", title: texts.system.kind, render: (s) => [s.api && texts.system.api, s.events && texts.system.events].filter(Boolean).join(", ") },
              { key: "description", title: texts.system.description, narrow: true, render: (s) => s.description },
            ]}
          />
        </section>
      ))}
    </>
  );
}

function Subscriptions({ items, path }: { items: Subscription[]; path: string }) {
  const [deleting, remove] = useState<Subscription>();
  return (
    <>
      <Table
        caption={t.subscriptions}
        rows={items}
        keyOf={(s) => s.id}
        columns={[
          { key: "source", title: t.source, sort: (s) => s.source, render: (s) => <span class="mono">{s.source}</span> },
          { key: "type", title: t.type, sort: (s) => s.type, render: (s) => <span class="mono">{[s.type, s.version].filter(Boolean).join(".")}</span> },
          { key: "sink", title: t.sink, render: (s) => <span class="mono">{s.sink}</span> },
          { key: "mode", title: t.mode, narrow: true, render: (s) => t.modes[s.mode] },
          { key: "actions", title: texts.common.actions, render: (s) => <Button onClick={() => remove(s)}>{t.unsubscribe}</Button> },
        ]}
        empty={
          <Empty title={t.noSubscriptions}>
            <p>{t.noSubscriptionsDetail}</p>
          </Empty>
        }
      />
      {deleting && (
        <Confirm title={t.unsubscribeTitle} verb={t.unsubscribe} negative onClose={() => remove(undefined)} act={() => send("DELETE", `${path}/subscriptions/${deleting.id}`)}>
          <p>{t.unsubscribeDetail(deleting.type)}</p>
        </Confirm>
      )}
    </>
  );
}

function Deliveries({ items }: { items: Delivery[] }) {
  return (
    <Table
      caption={t.deliveries}
      rows={items}
      keyOf={(d) => String(d.sequence)}
      columns={[
        { key: "event", title: t.event, render: (d) => <span class="mono">{d.eventType}</span> },
        { key: "state", title: t.state, sort: (d) => d.state, render: (d) => <Badge code={d.state} label={t.states[d.state]} /> },
        { key: "attempts", title: t.attempts, sort: (d) => d.attempts, render: (d) => d.attempts },
        { key: "failure", title: t.failure, render: (d) => d.failure },
        { key: "created", title: texts.common.created, narrow: true, render: (d) => formatInstant(d.createdAt) },
      ]}
      empty={
        <Empty title={t.noDeliveries}>
          <p>{t.noDeliveriesDetail}</p>
        </Empty>
      }
    />
  );
}

function Subscribe({ path, applications, onClose }: { path: string; applications: Application[]; onClose: () => void }) {
  const [source, setSource] = useState(applications[0]?.name ?? "");
  const [type, setType] = useState("");
  const [version, setVersion] = useState("v1");
  const [sink, setSink] = useState("");
  const [mode, setMode] = useState("structured");
  return (
    <Confirm title={t.subscribe} verb={t.subscribe} onClose={onClose} act={() => send("POST", path + "/subscriptions", { source, type, sink, mode, ...(version ? { version } : {}) })}>
      <Field label={t.source} required>
        {(id) => <input id={id} class="fd-input" value={source} list="applications" autocomplete="off" onInput={(e) => setSource(e.currentTarget.value)} />}
      </Field>
      <datalist id="applications">
        {applications.map((a) => (
          <option key={a.name} value={a.name} />
        ))}
      </datalist>
      <Field label={t.type} hint={t.typeHint} required>
        {(id, note) => <input id={id} class="fd-input" value={type} aria-describedby={note} autocomplete="off" onInput={(e) => setType(e.currentTarget.value)} />}
      </Field>
      <Field label={t.version}>{(id) => <input id={id} class="fd-input" value={version} autocomplete="off" onInput={(e) => setVersion(e.currentTarget.value)} />}</Field>
      <Field label={t.sink} hint={t.sinkHint} required>
        {(id, note) => <input id={id} class="fd-input" type="url" value={sink} aria-describedby={note} autocomplete="off" onInput={(e) => setSink(e.currentTarget.value)} />}
      </Field>
      <Field label={t.mode}>{(id) => <Select id={id} value={mode} onChange={setMode} options={Object.entries(t.modes).map(([value, label]) => ({ value, label }))} />}</Field>
    </Confirm>
  );
}
