// System Landscape > Systems.

import { useState } from "preact/hooks";
import { useList } from "../api/account";
import { mostRows } from "../api/client";
import type { System } from "../api/types";
import { edition } from "../api/words";
import { Link, useParameter } from "../app/router";
import { texts } from "../texts";
import { Actions } from "../ui/actions";
import { Button } from "../ui/button";
import { Select } from "../ui/field";
import { formatInstant } from "../ui/format";
import { Page as PageFrame } from "../ui/page";
import { Status } from "../ui/status";
import { Empty, NothingFound, Table, type Column } from "../ui/table";
import { RegisterSystem } from "./systems/register";
import { systemActions, SystemDialogs, type Asked } from "./systems/actions";

const t = texts.systems;

export function Page() {
  const systems = useList<System>("systems");
  const [search, setSearch] = useParameter("search");
  const [status, setStatus] = useParameter("status");
  const [type, setType] = useParameter("type");
  const [registering, register] = useState(false);
  const [asked, ask] = useState<Asked>();

  const all = systems.data?.items ?? [];
  const types = [...new Set(all.map((s) => s.type))].sort();
  const found = all.filter((s) => (!search || s.name.toLowerCase().includes(search.toLowerCase())) && (!status || s.status.code === status) && (!type || s.type === type));

  const columns: Column<System>[] = [
    { key: "name", title: texts.common.name, sort: (s) => s.name, render: (s) => <Link to={"systems/" + s.id}>{s.name}</Link> },
    { key: "type", title: texts.common.type, sort: (s) => s.type, render: (s) => s.type },
    { key: "status", title: texts.common.status, sort: (s) => s.status.label, render: (s) => <Status status={s.status} /> },
    { key: "discovery", title: t.discovery, narrow: true, sort: (s) => s.discovery.label, render: (s) => s.discovery.label },
    { key: "changed", title: texts.common.changed, sort: (s) => s.updatedAt, narrow: true, render: (s) => formatInstant(s.updatedAt) },
    { key: "actions", title: texts.common.actions, render: (s) => <Actions id={"actions-" + s.id} of={s.name} actions={systemActions(s, ask)} /> },
  ];

  return (
    <PageFrame
      title={texts.navigation.systems}
      intro={t.intro}
      of={systems}
      actions={
        <Button look="emphasized" icon="add" onClick={() => register(true)}>
          {edition().registerVerb}
        </Button>
      }
    >
      {all.length > 0 && (
        <div class="bar" role="search">
          <label>
            {t.searchLabel}
            <input class="fd-input" type="search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
          </label>
          <label>
            {t.statusFilter}
            <Select
              value={status}
              onChange={setStatus}
              options={[{ value: "", label: texts.common.all }, ...edition().statuses.map((s) => ({ value: s.code, label: s.label || texts.common.noStatus }))]}
            />
          </label>
          <label>
            {t.typeFilter}
            <Select value={type} onChange={setType} options={[{ value: "", label: texts.common.all }, ...types.map((name) => ({ value: name, label: name }))]} />
          </label>
        </div>
      )}
      <Table
        caption={texts.navigation.systems}
        columns={columns}
        rows={found}
        keyOf={(s) => s.id}
        empty={
          all.length > 0 ? (
            <NothingFound />
          ) : (
            <Empty title={t.empty}>
              <p>{t.emptyDetail}</p>
              <Button look="emphasized" icon="add" onClick={() => register(true)}>
                {edition().registerVerb}
              </Button>
            </Empty>
          )
        }
      />
      {systems.data?.nextCursor && <p class="hint">{texts.common.firstRows(mostRows)}</p>}
      {registering && (
        <RegisterSystem
          onClose={() => register(false)}
          onRegistered={(system, byToken) => {
            register(false);
            if (byToken) ask({ what: "token", system, token: system.integrationToken });
          }}
        />
      )}
      <SystemDialogs asked={asked} onClose={() => ask(undefined)} />
    </PageFrame>
  );
}
