// The details of a system.

import { useState } from "preact/hooks";
import { get } from "../api/client";
import { useQuery } from "../api/query";
import type { Certificate, Service, System } from "../api/types";
import { edition } from "../api/words";
import { Link } from "../app/router";
import type { Parameters } from "../app/routes";
import { capital, texts } from "../texts";
import { Button } from "../ui/button";
import { formatInstant } from "../ui/format";
import { History } from "../ui/history";
import { Incidents, useIncidents } from "../ui/incidents";
import { Failed } from "../ui/message";
import { Facts, Page as PageFrame } from "../ui/page";
import { Badge, Status } from "../ui/status";
import { Empty, Table } from "../ui/table";
import { Tabs } from "../ui/tabs";
import { systemActions, SystemDialogs, type Asked } from "./systems/actions";

const t = texts.system;

export function Page({ parameters: { id } }: { parameters: Parameters }) {
  const system = useQuery("system " + id, () => get<System>("/api/v1/systems/" + encodeURIComponent(id)));
  const incidents = useIncidents(id);
  const [asked, ask] = useState<Asked>();
  const s = system.data;
  const up = { to: "systems", title: texts.navigation.systems };
  if (!s && system.refusal?.status === 404) {
    return (
      <PageFrame title={t.gone} up={up}>
        <Empty title={t.goneDetail}>
          <Link to="systems">{t.toList}</Link>
        </Empty>
      </PageFrame>
    );
  }
  const services = s?.services ?? [];
  const certificates = s?.certificates ?? [];
  return (
    <PageFrame
      title={s?.name ?? texts.navigation.system}
      up={up}
      of={system}
      beside={s && <Status status={s.status} />}
      actions={
        s &&
        systemActions(s, ask).map((a) => (
          <Button key={a.label} why={a.why} look={a.negative && a.why === undefined ? "negative" : undefined} onClick={a.act}>
            {a.label}
          </Button>
        ))
      }
    >
      {s && (
        <>
          <p class="page__intro">{s.type}</p>
          {s.error && <Failed status={s.status.label} failure={s.error} />}
          <Tabs
            label={t.label}
            tabs={[
              { id: "details", title: t.tabs.details, render: () => <Details s={s} /> },
              { id: "services", title: t.tabs.services, count: services.length, render: () => <Services services={services} /> },
              { id: "certificates", title: t.tabs.certificates, count: certificates.length, render: () => <Certificates certificates={certificates} /> },
              { id: "history", title: t.tabs.history, render: () => <History of={{ system: id }} /> },
              { id: "incidents", title: t.tabs.incidents, count: incidents.items.length, render: () => <Incidents incidents={incidents.items} /> },
            ]}
          />
        </>
      )}
      <SystemDialogs asked={asked} onClose={() => ask(undefined)} />
    </PageFrame>
  );
}

function Details({ s }: { s: System }) {
  return (
    <div class="card">
      <Facts
        facts={[
          [texts.common.type, s.type],
          [texts.systems.discovery, s.discovery.label],
          [texts.merge.url, s.discovery.url],
          [texts.merge.systemId, s.discovery.systemId],
          [texts.merge.businessType, s.discovery.businessType],
          [texts.merge.correlationIds, s.discovery.correlationIds?.join(", ")],
          [capital(edition().tokenName), s.token ? t.tokenStates[s.token.state](formatInstant(s.token.expiresAt)) : t.noToken],
          [texts.common.created, formatInstant(s.createdAt)],
          [texts.common.changed, formatInstant(s.updatedAt)],
          [t.registered, formatInstant(s.registeredAt)],
          [t.tenant, s.tenant?.tenantId],
          [t.tenantUrl, s.tenant?.url],
          [t.scenarios, s.tenant?.communicationScenarios.join(", ")],
          [t.application, <span class="mono">{s.applicationName}</span>],
          [t.id, <span class="mono">{s.id}</span>],
          [
            t.formations,
            s.formations?.length ? (
              <span class="chips">
                {s.formations.map((f) => (
                  <Link key={f.id} to={"formations/" + f.id}>
                    {f.name}
                  </Link>
                ))}
              </span>
            ) : (
              t.inNone
            ),
          ],
          [t.entitlements, s.entitlements?.length ? s.entitlements.map((e) => t.entitlementNamed(e.plan, e.subaccount)).join(", ") : t.inNone],
        ]}
      />
    </div>
  );
}

function Services({ services }: { services: Service[] }) {
  return (
    <Table
      caption={t.tabs.services}
      rows={services}
      keyOf={(s) => s.id}
      sortBy="name"
      columns={[
        { key: "name", title: texts.common.name, sort: (s) => s.name, render: (s) => s.name },
        { key: "kind", title: t.kind, sort: (s) => (s.api ? 0 : 1), render: (s) => [s.api && t.api, s.events && t.events].filter(Boolean).join(", ") },
        { key: "description", title: t.description, render: (s) => <Described service={s} /> },
      ]}
      empty={
        <Empty title={t.noServices}>
          <p>{t.noServicesDetail}</p>
        </Empty>
      }
    />
  );
}

function Described({ service: s }: { service: Service }) {
  return (
    <>
      {s.description}
      {s.eventTypes && (
        <details>
          <summary>{t.eventTypes(s.eventTypes.length)}</summary>
          <ul class="event-types mono">
            {s.eventTypes.map((name) => (
              <li key={name}>{name}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Certificates({ certificates }: { certificates: Certificate[] }) {
  return (
    <Table
      caption={t.tabs.certificates}
      rows={certificates}
      keyOf={(c) => c.serial}
      columns={[
        { key: "serial", title: t.serial, render: (c) => <span class="mono">{c.serial}</span> },
        { key: "state", title: texts.common.status, render: (c) => <Badge code={c.state} label={t.certificateStates[c.state]} /> },
        { key: "from", title: t.from, render: (c) => formatInstant(c.notBefore) },
        { key: "until", title: t.until, render: (c) => formatInstant(c.notAfter) },
      ]}
      empty={
        <Empty title={t.noCertificates}>
          <p>{t.noCertificatesDetail}</p>
        </Empty>
      }
    />
  );
}
