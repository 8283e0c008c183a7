// Service Instances of a subaccount.

import { useState } from "preact/hooks";
import { useSubaccount } from "../api/account";
import { all, get } from "../api/client";
import { useQuery } from "../api/query";
import type { List, ServiceInstance, SubaccountOffering } from "../api/types";
import { Link, navigate } from "../app/router";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { formatInstant } from "../ui/format";
import { Page as PageFrame } from "../ui/page";
import { Badge } from "../ui/status";
import { SubaccountChoice } from "../ui/subaccount";
import { Empty, Table } from "../ui/table";
import { CreateInstance } from "./instances/create";

const t = texts.instances;

export function Page() {
  const { subaccount, loaded } = useSubaccount();
  const path = subaccount && `/api/v1/subaccounts/${subaccount.id}`;
  const instances = useQuery(path && path + "/serviceInstances", () => all<ServiceInstance>(path + "/serviceInstances"));
  const offerings = useQuery(path && path + "/serviceOfferings", () => get<List<SubaccountOffering>>(path + "/serviceOfferings")).data?.items;
  const [creating, create] = useState(false);
  return (
    <PageFrame
      title={texts.navigation.instances}
      intro={t.intro}
      of={{ ...instances, loading: instances.loading || !loaded }}
      actions={
        <Button look="emphasized" icon="add" disabled={!offerings} why={offerings?.length === 0 ? t.noPlans : undefined} onClick={() => create(true)}>
          {t.create}
        </Button>
      }
    >
      <SubaccountChoice />
      <Table
        caption={texts.navigation.instances}
        rows={instances.data?.items ?? []}
        keyOf={(i) => i.id}
        columns={[
          { key: "name", title: t.instanceName, sort: (i) => i.name, render: (i) => <Link to={"instances/" + i.id}>{i.name}</Link> },
          { key: "service", title: t.service, sort: (i) => i.offering, render: (i) => offerings?.find((o) => o.name === i.offering)?.displayName ?? i.offering },
          { key: "plan", title: t.plan, sort: (i) => i.plan, render: (i) => <span class="mono">{i.plan}</span> },
          { key: "system", title: t.systemName, sort: (i) => i.system?.name ?? "", render: (i) => i.system && <Link to={"systems/" + i.system.id}>{i.system.name}</Link> },
          { key: "state", title: t.state, sort: (i) => i.operation.state, render: (i) => <Operation of={i} /> },
          { key: "created", title: texts.common.created, sort: (i) => i.createdAt, narrow: true, render: (i) => formatInstant(i.createdAt) },
        ]}
        empty={
          <Empty title={t.empty}>
            <p>{t.emptyDetail}</p>
          </Empty>
        }
      />
      {creating && <CreateInstance path={path!} subaccount={subaccount!} offerings={offerings!} onClose={() => create(false)} onCreated={(i) => navigate("instances/" + i.id)} />}
    </PageFrame>
  );
}

// Operation is how the last operation on an instance went.
export function Operation({ of }: { of: ServiceInstance }) {
  const { type, state } = of.operation;
  return <Badge code={state} label={t.states[`${type} ${state}`]} />;
}
