// System Landscape > Formations.

import { useState } from "preact/hooks";
import { useList, useSubaccount } from "../api/account";
import { mostRows } from "../api/client";
import type { FormationRow, System } from "../api/types";
import { Link, navigate, useParameter } from "../app/router";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { formatInstant } from "../ui/format";
import { Page as PageFrame } from "../ui/page";
import { Badge } from "../ui/status";
import { Empty, NothingFound, Table, type Column } from "../ui/table";
import { edition } from "../api/words";
import { CreateFormation } from "./formations/create";

const t = texts.formations;
const mostNames = 3;

export function Page() {
  const formations = useList<FormationRow>("formations");
  const systems = new Map(useList<System>("systems").data?.items.map((s) => [s.id, s.name] as const));
  const { items: subaccounts } = useSubaccount();
  const [search, setSearch] = useParameter("search");
  const [creating, create] = useState(false);

  // The names that are known of the first systems, and how many there are besides.
  const systemsOf = (f: FormationRow) => {
    const names = f.systems.slice(0, mostNames).flatMap((id) => systems.get(id) ?? []);
    const others = f.systems.length - names.length;
    if (names.length === 0) return others === 0 ? texts.common.none : others;
    return names.join(", ") + (others > 0 ? " " + texts.common.andMore(others) : "");
  };
  const all = formations.data?.items ?? [];
  const found = all.filter((f) => f.name.toLowerCase().includes(search.toLowerCase()));
  const columns: Column<FormationRow>[] = [
    { key: "name", title: texts.common.name, sort: (f) => f.name, render: (f) => <Link to={"formations/" + f.id}>{f.name}</Link> },
    { key: "type", title: texts.common.type, sort: (f) => f.type, narrow: true, render: (f) => f.type },
    { key: "subaccount", title: texts.common.subaccount, render: (f) => subaccounts.find((s) => s.id === f.subaccount)?.displayName ?? f.subaccount ?? texts.common.none },
    { key: "systems", title: t.systems, sort: (f) => f.systems.length, render: systemsOf },
    { key: "changed", title: texts.common.changed, sort: (f) => f.updatedAt, narrow: true, render: (f) => formatInstant(f.updatedAt) },
  ];
  // v1 shows no statuses of formations.
  if (edition().formationStatuses.length > 0) {
    columns.splice(2, 0, { key: "status", title: texts.common.status, sort: (f) => f.status.label, render: (f) => <Badge code={f.status.code} label={f.status.label} /> });
  }
  const button = (
    <Button look="emphasized" icon="add" onClick={() => create(true)}>
      {t.create}
    </Button>
  );
  return (
    <PageFrame title={texts.navigation.formations} intro={t.intro} of={formations} actions={button}>
      {all.length > 0 && (
        <div class="bar" role="search">
          <label>
            {t.searchLabel}
            <input class="fd-input" type="search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
          </label>
        </div>
      )}
      <Table
        caption={texts.navigation.formations}
        columns={columns}
        rows={found}
        keyOf={(f) => f.id}
        empty={
          all.length > 0 ? (
            <NothingFound />
          ) : (
            <Empty title={t.empty}>
              <p>{t.emptyDetail}</p>
            </Empty>
          )
        }
      />
      {formations.data?.nextCursor && <p class="hint">{texts.common.firstRows(mostRows)}</p>}
      {creating && <CreateFormation onClose={() => create(false)} onCreated={(f) => navigate("formations/" + f.id)} />}
    </PageFrame>
  );
}
