// Entitlements: the plans that a subaccount is given for registered systems.

import { useState } from "preact/hooks";
import { useSubaccount } from "../api/account";
import { all, get, send } from "../api/client";
import { useQuery } from "../api/query";
import type { Entitlement, List, ServiceOffering } from "../api/types";
import { Link } from "../app/router";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Confirm } from "../ui/confirm";
import { Field, Select } from "../ui/field";
import { formatInstant } from "../ui/format";
import { Page as PageFrame } from "../ui/page";
import { SubaccountChoice } from "../ui/subaccount";
import { Empty, Table } from "../ui/table";

const t = texts.entitlements;

export function Page() {
  const { subaccount, loaded } = useSubaccount();
  const path = subaccount && `/api/v1/subaccounts/${subaccount.id}`;
  const entitlements = useQuery(path && path + "/entitlements", () => all<Entitlement>(path + "/entitlements"));
  const offerings = useQuery(path && path + "/servicePlans", () => get<List<ServiceOffering>>(path + "/servicePlans")).data?.items;
  const [adding, add] = useState(false);
  const [removing, remove] = useState<Entitlement>();
  return (
    <PageFrame
      title={texts.navigation.entitlements}
      intro={t.intro}
      of={{ ...entitlements, loading: entitlements.loading || !loaded }}
      actions={
        <Button look="emphasized" icon="add" disabled={!offerings} why={offerings?.length === 0 ? t.noneAvailable : undefined} onClick={() => add(true)}>
          {t.add}
        </Button>
      }
    >
      <SubaccountChoice />
      <Table
        caption={texts.navigation.entitlements}
        rows={entitlements.data?.items ?? []}
        keyOf={(e) => e.id}
        columns={[
          { key: "service", title: t.service, sort: (e) => e.service, render: (e) => offerings?.find((o) => o.service === e.service)?.displayName ?? e.service },
          { key: "plan", title: t.plan, sort: (e) => e.plan, render: (e) => <span class="mono">{e.plan}</span> },
          { key: "system", title: t.system, sort: (e) => e.system.name, render: (e) => <Link to={"systems/" + e.system.id}>{e.system.name}</Link> },
          { key: "created", title: texts.common.created, sort: (e) => e.createdAt, narrow: true, render: (e) => formatInstant(e.createdAt) },
          { key: "actions", title: texts.common.actions, render: (e) => <Button onClick={() => remove(e)}>{t.remove}</Button> },
        ]}
        empty={
          <Empty title={t.empty}>
            <p>{offerings?.length === 0 ? t.noneAvailable : t.emptyDetail}</p>
          </Empty>
        }
      />
      {adding && <Add path={path!} offerings={offerings!} onClose={() => add(false)} />}
      {removing && (
        <Confirm title={t.removeTitle} verb={t.remove} negative onClose={() => remove(undefined)} act={() => send("DELETE", `${path}/entitlements/${removing.id}`)}>
          <p>{t.removeDetail(removing.plan, removing.system.name)}</p>
        </Confirm>
      )}
    </PageFrame>
  );
}

function Add({ path, offerings, onClose }: { path: string; offerings: ServiceOffering[]; onClose: () => void }) {
  const [serviceName, setService] = useState(offerings[0].service);
  const service = offerings.find((o) => o.service === serviceName) ?? offerings[0];
  const [system, setSystem] = useState(service.systems[0]?.id ?? "");
  const [plan, setPlan] = useState(service.plans[0]);
  return (
    <Confirm title={t.configure} verb={t.add} onClose={onClose} act={() => send("POST", path + "/entitlements", { service: service.service, system, plan })}>
      <Field label={t.service}>{(id) => <Select id={id} value={service.service} onChange={setService} options={offerings.map((o) => ({ value: o.service, label: o.displayName }))} />}</Field>
      <Field label={t.system}>{(id) => <Select id={id} value={system} onChange={setSystem} options={service.systems.map((s) => ({ value: s.id, label: `${s.name} (${s.type})` }))} />}</Field>
      <Field label={t.plan}>{(id) => <Select id={id} value={plan} onChange={setPlan} options={service.plans.map((one) => ({ value: one, label: one }))} />}</Field>
    </Confirm>
  );
}
