// What the Kyma runtime of a subaccount sees: applications, subscriptions, deliveries.

import { useState } from "preact/hooks";
import { useSubaccount } from "../api/account";
import { all, get, send } from "../api/client";
import { useQuery } from "../api/query";
import type { Application, Delivery, List, Runtime, RuntimeEvent, Subscription } from "../api/types";
import { Link } from "../app/router";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Confirm, useAct } from "../ui/confirm";
import { Copy } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { Field, Select } from "../ui/field";
import { formatInstant } from "../ui/format";
import { Message, RefusedBy } from "../ui/message";
import { Loading, Page as PageFrame } from "../ui/page";
import { Badge } from "../ui/status";
import { SubaccountChoice } from "../ui/subaccount";
import { Empty, NothingFound, Table } from "../ui/table";
import { Tabs } from "../ui/tabs";

const t = texts.runtime;

export function Page() {
  const { subaccount, loaded } = useSubaccount();
  const kyma = subaccount?.environments.includes("kyma");
  const path = kyma ? `/api/v1/subaccounts/${subaccount!.id}/runtime` : undefined;
  const applications = useQuery(path && path + "/applications", () => all<Application>(path + "/applications"));
  const subscriptions = useQuery(path && path + "/subscriptions", () => all<Subscription>(path + "/subscriptions"));
  const deliveries = useQuery(path && path + "/deliveries", () => all<Delivery>(path + "/deliveries"));
  const runtime = useQuery(path, () => get<Runtime>(path!)).data;
  const events = useQuery(path && path + "/events", () => get<List<RuntimeEvent>>(path + "/events"));
  const [subscribing, subscribe] = useState<Partial<RuntimeEvent>>();
  return (
    <PageFrame
      title={texts.navigation.runtime}
      intro={t.intro}
      of={{ ...applications, loading: applications.loading || !loaded }}
      actions={
        <Button look="emphasized" icon="add" why={subaccount && !kyma ? t.noKyma + "." : undefined} onClick={() => subscribe({})}>
          {t.subscribe}
        </Button>
      }
    >
      <SubaccountChoice />
      {runtime?.synchronization.state === "stopped" && (
        <Message tone="warning">
          <strong>{t.stopped}</strong>
          <span>{t.stoppedDetail(runtime.synchronization.name ?? "")}</span>
        </Message>
      )}
      {subaccount && !kyma ? (
        <Empty title={t.noKyma} />
      ) : (
        <Tabs
          label={t.label}
          tabs={[
            { id: "applications", title: t.applications, count: applications.data?.items.length, render: () => <Applications items={applications.data?.items ?? []} path={path!} /> },
            { id: "events", title: t.events, count: events.data?.items.length, render: () => (events.data ? <Events items={events.data.items} onSubscribe={subscribe} /> : <Loading />) },
            { id: "subscriptions", title: t.subscriptions, count: subscriptions.data?.items.length, render: () => (subscriptions.data ? <Subscriptions items={subscriptions.data.items} path={path!} /> : <Loading />) },
            { id: "deliveries", title: t.deliveries, count: deliveries.data?.items.length, render: () => (deliveries.data ? <Deliveries items={deliveries.data.items} path={path!} /> : <Loading />) },
          ]}
        />
      )}
      {subscribing && <Subscribe path={path!} of={subscribing} applications={applications.data?.items ?? []} events={events.data?.items ?? []} onClose={() => subscribe(undefined)} />}
    </PageFrame>
  );
}

function Applications({ items, path }: { items: Application[]; path: string }) {
  const [shown, show] = useState<{ name: string; manifests: unknown }>();
  const showing = useAct(async (name: string) => show({ name, manifests: await get(`${path}/applications/${encodeURIComponent(name)}/manifests`) }));
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
            {!a.getsEvents && <span class="hint">{t.elsewhere}</span>}
            <span class="shell__space" />
            <Button onClick={() => showing.run(a.name)}>
              {t.manifests}
              <span class="sr-only"> {a.name}</span>
            </Button>
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
      {showing.refusal && <RefusedBy refusal={showing.refusal} />}
      {shown && (
        <Dialog
          title={t.manifestsOf(shown.name)}
          wide
          onClose={() => show(undefined)}
          footer={
            <Button look="emphasized" onClick={() => show(undefined)}>
              {texts.common.close}
            </Button>
          }
        >
          <p class="hint">{t.manifestsHint}</p>
          <pre class="code" tabIndex={0}>
            {JSON.stringify(shown.manifests, null, 2)}
          </pre>
          <div>
            <Copy text={JSON.stringify(shown.manifests, null, 2)} what={t.manifestsOf(shown.name)} />
          </div>
        </Dialog>
      )}
    </>
  );
}

// Events are the types that the applications publish.
function Events({ items, onSubscribe }: { items: RuntimeEvent[]; onSubscribe: (e: RuntimeEvent) => void }) {
  const [search, setSearch] = useState("");
  const found = items.filter((e) => (e.type + " " + e.application).toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      {items.length > 0 && (
        <div class="bar" role="search">
          <label>
            {t.searchEvents}
            <input class="fd-input" type="search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
          </label>
        </div>
      )}
      <Table
        caption={t.events}
        rows={found}
        keyOf={(e) => [e.application, e.type, e.version].join(" ")}
        columns={[
          { key: "type", title: t.type, sort: (e) => e.type, render: (e) => <span class="mono">{[e.type, e.version].filter(Boolean).join(".")}</span> },
          { key: "application", title: t.source, sort: (e) => e.application, render: (e) => <span class="mono">{e.application}</span> },
          { key: "subscribed", title: t.subscribed, sort: (e) => e.subscriptions, render: (e) => e.subscriptions },
          {
            key: "actions",
            title: texts.common.actions,
            render: (e) => (
              <Button onClick={() => onSubscribe(e)}>
                {t.subscribe}
                <span class="sr-only"> {e.type}</span>
              </Button>
            ),
          },
        ]}
        empty={
          items.length > 0 ? (
            <NothingFound />
          ) : (
            <Empty title={t.noEvents}>
              <p>{t.noEventsDetail}</p>
            </Empty>
          )
        }
      />
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

function Deliveries({ items, path }: { items: Delivery[]; path: string }) {
  const again = useAct((d: Delivery) => send("POST", `${path}/deliveries/${d.sequence}/redelivery`, {}));
  return (
    <>
    {again.refusal && <RefusedBy refusal={again.refusal} />}
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
        {
          key: "actions",
          title: texts.common.actions,
          render: (d) => (
            <Button why={d.state === "dead" ? undefined : t.notDead} onClick={() => again.run(d)}>
              {t.redeliver}
            </Button>
          ),
        },
      ]}
      empty={
        <Empty title={t.noDeliveries}>
          <p>{t.noDeliveriesDetail}</p>
        </Empty>
      }
    />
    </>
  );
}

function Subscribe({ path, of, applications, events, onClose }: { path: string; of: Partial<RuntimeEvent>; applications: Application[]; events: RuntimeEvent[]; onClose: () => void }) {
  const [source, setSource] = useState(of.application ?? applications[0]?.name ?? "");
  const [type, setType] = useState(of.type ?? "");
  const [version, setVersion] = useState(of.version ?? "v1");
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
      <datalist id="event-types">
        {events
          .filter((e) => e.application === source)
          .map((e) => (
            <option key={e.type} value={e.type} />
          ))}
      </datalist>
      <Field label={t.type} hint={t.typeHint} required>
        {(id, note) => <input id={id} class="fd-input" value={type} list="event-types" aria-describedby={note} autocomplete="off" onInput={(e) => setType(e.currentTarget.value)} />}
      </Field>
      <Field label={t.version}>{(id) => <input id={id} class="fd-input" value={version} autocomplete="off" onInput={(e) => setVersion(e.currentTarget.value)} />}</Field>
      <Field label={t.sink} hint={t.sinkHint} required>
        {(id, note) => <input id={id} class="fd-input" type="url" value={sink} aria-describedby={note} autocomplete="off" onInput={(e) => setSink(e.currentTarget.value)} />}
      </Field>
      <Field label={t.mode}>{(id) => <Select id={id} value={mode} onChange={setMode} options={Object.entries(t.modes).map(([value, label]) => ({ value, label }))} />}</Field>
    </Confirm>
  );
}
