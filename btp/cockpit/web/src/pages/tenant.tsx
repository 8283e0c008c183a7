// The console of a tenant, with its product's own words.

import { useEffect, useState } from "preact/hooks";
import { forget, get, send } from "../api/client";
import { onChange } from "../api/live";
import { useQuery } from "../api/query";
import type { List, Pairing, Tenant } from "../api/types";
import { needsSignIn } from "../api/tenants";
import { edition, words as told } from "../api/words";
import { Link } from "../app/router";
import type { Parameters } from "../app/routes";
import { TenantSignIn } from "../app/signin";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Confirm, useAct } from "../ui/confirm";
import { Facts, Page as PageFrame } from "../ui/page";
import { formatInstant } from "../ui/format";
import { Message, RefusedBy } from "../ui/message";
import { Empty } from "../ui/table";
import { Tabs } from "../ui/tabs";
import { DataBrowser } from "./tenant/data";
import { Events } from "./tenant/events";
import { Pair, Rows } from "./tenant/pairings";

const t = texts.tenant;

export function Page({ parameters: { id } }: { parameters: Parameters }) {
  const path = "/tenants/" + encodeURIComponent(id);
  const [, look] = useState(0);
  useEffect(() => onChange(() => look((n) => n + 1)), []); // somebody may have signed in
  const out = needsSignIn(id);
  const tenant = useQuery(out ? undefined : "tenant " + id, () => get<Tenant>(path));
  const pairings = useQuery(out ? undefined : "pairings of " + id, () => get<List<Pairing>>(path + "/pairings"));
  const [pairing, pair] = useState(false);
  const [watched, watch] = useState<string>();
  const rows = pairings.data?.items ?? [];

  // The registry's journal does not tell when a tenant is done: it is asked.
  const busy = rows.some((r) => r.status.code === "inProgress");
  useEffect(() => {
    if (!busy) return;
    const timer = setInterval(() => void pairings.refresh(), 250);
    return () => clearInterval(timer);
  }, [busy]);

  const one = tenant.data;
  const up = { to: "tenants", title: texts.navigation.tenants };
  if (!one && tenant.refusal?.status === 404) {
    return (
      <PageFrame title={t.gone} up={up}>
        <Empty title={t.gone}>
          <Link to="tenants">{t.toList}</Link>
        </Empty>
      </PageFrame>
    );
  }
  const denied = tenant.refusal?.status === 401 || tenant.refusal?.status === 403;
  const known = told().tenants?.find((each) => each.id === id);
  if (known && (out || denied)) {
    return (
      <PageFrame title={id} up={up}>
        <TenantSignIn id={id} product={known.product} refusal={out ? undefined : tenant.refusal} />
      </PageFrame>
    );
  }
  if (!one) {
    return (
      <PageFrame title={id} up={up} of={tenant}>
        {null}
      </PageFrame>
    );
  }
  const words = t.consoles[one.product];
  return (
    <PageFrame
      title={words?.page ?? id}
      up={up}
      of={{ ...pairings, refusal: pairings.refusal ?? tenant.refusal }}
      intro={`${one.product}, ${texts.navigation.tenant.toLowerCase()} ${id}: ${one.console.path}`}
      actions={
        <>
          <Button look="emphasized" icon="add" onClick={() => pair(true)}>
            {words?.add ?? one.console.row}
          </Button>
          {told().protected && (
            <Button look="transparent" onClick={() => forget(`tenant ${id}`)}>
              {texts.signIn.outOf(id)}
            </Button>
          )}
        </>
      }
    >
      {words && (
        <details class="card guide" open={rows.length === 0}>
          <summary>
            {t.stepsLabel} <span class="hint">{words.source}</span>
          </summary>
          <ol class="guide__steps">
            {words.steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
        </details>
      )}
      <Tabs
        label={t.label}
        tabs={[
          { id: "rows", title: (edition().removeVerb && words?.rowsToday) || (words?.rows ?? one.console.row), count: rows.length, render: () => <Rows tenant={one} rows={rows} path={path} watched={watched} watch={watch} /> },
          { id: "events", title: t.events, render: () => <Events tenant={one} path={path} /> },
          { id: "data", title: t.data, render: () => <DataBrowser path={path} /> },
          { id: "certificate", title: t.certificate, render: () => <Certificate tenant={one} path={path} /> },
        ]}
      />
      {pairing && <Pair tenant={one} path={path} onClose={() => pair(false)} onBegun={watch} />}
    </PageFrame>
  );
}

function Certificate({ tenant, path }: { tenant: Tenant; path: string }) {
  const certificate = tenant.connection?.certificate;
  const [done, say] = useState("");
  const [revoking, revoke] = useState(false);
  const renewing = useAct(
    () => {
      say("");
      return send("POST", path + "/renewal", {});
    },
    () => say(t.renewed),
  );
  const why = tenant.connection ? undefined : t.notConnected;
  return (
    <div class="card">
      {certificate ? (
        <Facts
          facts={[
            [t.serial, <span class="mono">{certificate.serial}</span>],
            [t.validUntil, formatInstant(certificate.notAfter)],
            [t.application, <span class="mono">{tenant.connection!.applicationName}</span>],
          ]}
        />
      ) : (
        <p>{texts.system.noCertificates}</p>
      )}
      <p class="page__actions spaced">
        <Button why={why} disabled={renewing.busy} onClick={renewing.run}>
          {t.renew}
        </Button>
        <Button why={why} onClick={() => revoke(true)}>
          {t.revoke}
        </Button>
      </p>
      {done && (
        <Message tone="success" live>
          {done}
        </Message>
      )}
      {renewing.refusal && <RefusedBy refusal={renewing.refusal} />}
      {revoking && (
        <Confirm title={t.revokeTitle} verb={t.revoke} negative onClose={() => revoke(false)} onDone={() => say(t.revoked)} act={() => send("POST", path + "/revocation", {})}>
          <p>{t.revokeDetail}</p>
        </Confirm>
      )}
    </div>
  );
}
