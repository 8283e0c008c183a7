// Destinations on the subaccount's level.

import { useState } from "preact/hooks";
import { useSubaccount } from "../api/account";
import { all, send } from "../api/client";
import { useQuery } from "../api/query";
import type { Destination } from "../api/types";
import { Link } from "../app/router";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Confirm } from "../ui/confirm";
import { Field, Select } from "../ui/field";
import { formatInstant } from "../ui/format";
import { Page as PageFrame } from "../ui/page";
import { SubaccountChoice } from "../ui/subaccount";
import { Empty, Table } from "../ui/table";

const t = texts.destinations;

export function Page() {
  const { subaccount, loaded } = useSubaccount();
  const path = subaccount && `/api/v1/subaccounts/${subaccount.id}/destinations`;
  const destinations = useQuery(path, () => all<Destination>(path!));
  const [creating, create] = useState(false);
  return (
    <PageFrame
      title={texts.navigation.destinations}
      intro={t.intro}
      of={{ ...destinations, loading: destinations.loading || !loaded }}
      actions={
        <Button look="emphasized" icon="add" onClick={() => create(true)}>
          {t.create}
        </Button>
      }
    >
      <SubaccountChoice />
      <Table
        caption={texts.navigation.destinations}
        rows={destinations.data?.items ?? []}
        keyOf={(d) => d.name}
        columns={[
          { key: "name", title: texts.common.name, sort: (d) => d.name, render: (d) => <Link to={"destinations/" + encodeURIComponent(d.name)}>{d.name}</Link> },
          { key: "type", title: texts.common.type, sort: (d) => d.properties.Type ?? "", render: (d) => d.properties.Type },
          { key: "url", title: t.url, render: (d) => <span class="mono">{d.properties.URL}</span> },
          { key: "authentication", title: t.authentication, sort: (d) => d.properties.Authentication ?? "", render: (d) => d.properties.Authentication },
          { key: "madeBy", title: t.madeBy, narrow: true, render: (d) => (d.madeBy ? <Link to={"instances/" + d.madeBy}>{t.instance}</Link> : t.byHand) },
          { key: "changed", title: texts.common.changed, sort: (d) => d.changedAt, narrow: true, render: (d) => formatInstant(d.changedAt) },
        ]}
        empty={
          <Empty title={t.empty}>
            <p>{t.emptyDetail}</p>
          </Empty>
        }
      />
      {creating && <NewDestination path={path!} onClose={() => create(false)} />}
    </PageFrame>
  );
}

function NewDestination({ path, onClose }: { path: string; onClose: () => void }) {
  const [name, setName] = useState("");
  const [url, setURL] = useState("");
  const [authentication, setAuthentication] = useState(t.authentications[0]);
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [further, setFurther] = useState("");
  const basic = authentication === "BasicAuthentication";
  const properties: Record<string, string> = { Type: "HTTP", URL: url, ProxyType: "Internet", Authentication: authentication, ...(basic ? { User: user, Password: password } : {}) };
  for (const line of further.split("\n")) {
    const at = line.indexOf("=");
    if (at > 0) properties[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  const input = (value: string, set: (v: string) => void, type: "text" | "url" | "password" = "text") => (id: string) => <input id={id} class="fd-input" type={type as "text"} value={value} autocomplete="off" spellcheck={false} onInput={(e) => set(e.currentTarget.value)} />;
  return (
    <Confirm title={t.create} verb={t.save} onClose={onClose} act={() => send("PUT", path + "/" + encodeURIComponent(name), { properties })}>
      <Field label={texts.common.name} required>
        {input(name, setName)}
      </Field>
      <Field label={t.url} required>
        {input(url, setURL, "url")}
      </Field>
      <Field label={t.authentication}>{(id) => <Select id={id} value={authentication} onChange={setAuthentication} options={t.authentications.map((a) => ({ value: a, label: a }))} />}</Field>
      {basic && <Field label={t.user}>{input(user, setUser)}</Field>}
      {basic && <Field label={t.password}>{input(password, setPassword, "password")}</Field>}
      <Field label={t.further}>{(id) => <textarea id={id} class="fd-textarea mono" rows={3} spellcheck={false} value={further} onInput={(e) => setFurther(e.currentTarget.value)} />}</Field>
    </Confirm>
  );
}
