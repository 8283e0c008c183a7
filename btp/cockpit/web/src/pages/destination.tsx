// The details of a destination.

import { useState } from "preact/hooks";
import { useSubaccount } from "../api/account";
import { get, send } from "../api/client";
import { useQuery } from "../api/query";
import type { Destination } from "../api/types";
import { Link, navigate } from "../app/router";
import type { Parameters } from "../app/routes";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Confirm, useAct } from "../ui/confirm";
import { Dialog } from "../ui/dialog";
import { RefusedBy } from "../ui/message";
import { Page as PageFrame } from "../ui/page";
import { Empty, Table } from "../ui/table";

const t = texts.destination;

export function Page({ parameters }: { parameters: Parameters }) {
  const name = parameters.name;
  const { subaccount, loaded } = useSubaccount();
  const path = subaccount && `/api/v1/subaccounts/${subaccount.id}/destinations/${encodeURIComponent(name)}`;
  const destination = useQuery(path, () => get<Destination>(path!));
  const [deleting, remove] = useState(false);
  const [found, show] = useState<unknown>();
  const finding = useAct(async () => show(await send("POST", path + "/find", {})));
  const d = destination.data;
  const up = { to: "destinations", title: texts.navigation.destinations };
  if (!d && destination.refusal?.status === 404) {
    return (
      <PageFrame title={t.gone} up={up}>
        <Empty title={t.goneDetail}>
          <Link to="destinations">{t.toList}</Link>
        </Empty>
      </PageFrame>
    );
  }
  const rows = [...Object.entries(d?.properties ?? {}).map(([key, value]) => ({ key, value, hidden: false })), ...(d?.hidden ?? []).map((key) => ({ key, value: t.hidden, hidden: true }))];
  return (
    <PageFrame
      title={name}
      up={up}
      of={{ ...destination, loading: destination.loading || !loaded }}
      actions={
        d && (
          <>
            <Button disabled={finding.busy} onClick={finding.run}>
              {t.find}
            </Button>
            <Button why={d.madeBy ? t.ofInstance : undefined} look={d.madeBy ? undefined : "negative"} onClick={() => remove(true)}>
              {t.delete}
            </Button>
          </>
        )
      }
    >
      {d && (
        <>
          {finding.refusal && <RefusedBy refusal={finding.refusal} />}
          {d.madeBy && (
            <p>
              {texts.destinations.madeBy} <Link to={"instances/" + d.madeBy}>{texts.destinations.instance}</Link>
            </p>
          )}
          <Table
            caption={t.properties}
            rows={rows}
            keyOf={(r) => r.key}
            columns={[
              { key: "property", title: t.property, sort: (r) => r.key, render: (r) => r.key },
              { key: "value", title: t.value, render: (r) => (r.hidden ? <span class="hint">{r.value}</span> : <span class="mono">{r.value}</span>) },
            ]}
          />
          {found !== undefined && (
            <Dialog
              title={t.find}
              wide
              onClose={() => show(undefined)}
              footer={
                <Button look="emphasized" onClick={() => show(undefined)}>
                  {texts.common.close}
                </Button>
              }
            >
              <p class="hint">{t.findDetail}</p>
              <pre class="code" tabIndex={0}>
                {JSON.stringify(found, null, 2)}
              </pre>
            </Dialog>
          )}
          {deleting && (
            <Confirm title={t.deleteTitle(name)} verb={t.delete} negative onClose={() => remove(false)} act={() => send("DELETE", path!)} onDone={() => navigate("destinations")}>
              <p>{t.deleteDetail}</p>
            </Confirm>
          )}
        </>
      )}
    </PageFrame>
  );
}
