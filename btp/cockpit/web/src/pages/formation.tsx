// The details of a formation: its picture, its systems, what can be done with it.

import { useState } from "preact/hooks";
import { useList, useSubaccount } from "../api/account";
import { get, send } from "../api/client";
import { useQuery } from "../api/query";
import type { Formation, FormationAction, System, SystemName } from "../api/types";
import { edition } from "../api/words";
import { Link, navigate } from "../app/router";
import type { Parameters } from "../app/routes";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Confirm, useAct } from "../ui/confirm";
import { Field, Select } from "../ui/field";
import { formatInstant } from "../ui/format";
import { History } from "../ui/history";
import { Incidents, useIncidents } from "../ui/incidents";
import { Failed, RefusedBy } from "../ui/message";
import { Page as PageFrame } from "../ui/page";
import { Badge, Status } from "../ui/status";
import { Empty, Table } from "../ui/table";
import { Tabs } from "../ui/tabs";
import { whyNotIncluded } from "./formations/create";
import { Picture } from "./formations/picture";

const t = texts.formation;
const mostUnable = 5;
type Asked = { what: FormationAction; system?: SystemName };

export function Page({ parameters: { id } }: { parameters: Parameters }) {
  const path = "/api/v1/formations/" + encodeURIComponent(id);
  const formation = useQuery("formation " + id, () => get<Formation>(path));
  const incidents = useIncidents(id);
  const [asked, ask] = useState<Asked>();
  const again = useAct((reset: boolean) => send("POST", path + "/resynchronization", { reset }));
  const finalizing = useAct(() => send("POST", path + "/finalization", {}));
  const f = formation.data;
  const up = { to: "formations", title: texts.navigation.formations };
  if (!f && formation.refusal?.status === 404) {
    return (
      <PageFrame title={t.gone} up={up}>
        <Empty title={t.goneDetail}>
          <Link to="formations">{t.toList}</Link>
        </Empty>
      </PageFrame>
    );
  }
  const why = (action: FormationAction, label: string) => (f?.actions.includes(action) ? undefined : t.notOffered(label, f?.status.label ?? ""));
  const v1 = edition().formationStatuses.length === 0;
  const buttons: { action: FormationAction; label: string; act: () => void; show: boolean; negative?: boolean }[] = [
    { action: "include", label: edition().includeVerb, act: () => ask({ what: "include" }), show: true },
    { action: "changeSubaccount", label: t.changeSubaccount, act: () => ask({ what: "changeSubaccount" }), show: v1 },
    { action: "finalize", label: t.finalize, act: () => void finalizing.run(), show: !v1 },
    { action: "resynchronize", label: t.resynchronize, act: () => void again.run(false), show: !v1 },
    { action: "resetAndResynchronize", label: t.reset, act: () => ask({ what: "resetAndResynchronize" }), show: !v1 },
    { action: "delete", label: t.delete, act: () => ask({ what: "delete" }), show: true, negative: true },
  ];
  const refusal = again.refusal ?? finalizing.refusal;
  return (
    <PageFrame
      title={f?.name ?? texts.navigation.formation}
      up={up}
      of={formation}
      beside={f && f.status.label && <Status status={f.status} />}
      actions={
        f &&
        buttons
          .filter((b) => b.show)
          .map((b) => {
            const reason = why(b.action, b.label);
            return (
              <Button key={b.action} why={reason} look={b.negative && reason === undefined ? "negative" : undefined} onClick={b.act}>
                {b.label}
              </Button>
            );
          })
      }
    >
      {f && (
        <>
          <p class="page__intro">{f.type}</p>
          {f.error && <Failed status={f.status.label || t.error} failure={f.error} />}
          {refusal && <RefusedBy refusal={refusal} />}
          <div class="card">
            <Picture formation={f} />
          </div>
          <Tabs
            label={t.label}
            tabs={[
              { id: "systems", title: t.systems, count: f.systems.length, render: () => <Systems f={f} onExclude={(system) => ask({ what: "exclude", system })} /> },
              { id: "assignments", title: t.assignments, count: f.assignments.length, render: () => <Assignments f={f} /> },
              { id: "history", title: t.history, render: () => <History of={{ formation: id }} /> },
              { id: "incidents", title: t.incidents, count: incidents.items.length, render: () => <Incidents incidents={incidents.items} /> },
            ]}
          />
          {asked && <Dialogs f={f} path={path} asked={asked} onClose={() => ask(undefined)} />}
        </>
      )}
    </PageFrame>
  );
}

function Systems({ f, onExclude }: { f: Formation; onExclude: (s: SystemName) => void }) {
  return (
    <Table
      caption={t.systems}
      rows={f.systems}
      keyOf={(s) => s.id}
      columns={[
        { key: "name", title: texts.common.name, sort: (s) => s.name, render: (s) => <Link to={"systems/" + s.id}>{s.name}</Link> },
        { key: "type", title: texts.common.type, sort: (s) => s.type, render: (s) => s.type },
        { key: "status", title: texts.common.status, render: (s) => <Status status={s.status} /> },
        {
          key: "actions",
          title: texts.common.actions,
          render: (s) => (
            <Button why={f.actions.includes("exclude") ? undefined : t.notOffered(edition().excludeVerb, f.status.label)} onClick={() => onExclude(s)}>
              {edition().excludeVerb}
            </Button>
          ),
        },
      ]}
      empty={
        <Empty title={t.empty}>
          <p>{t.emptyDetail}</p>
        </Empty>
      }
    />
  );
}

function Assignments({ f }: { f: Formation }) {
  const nameOf = (id: string) => f.systems.find((s) => s.id === id)?.name ?? (f.subaccount?.id === id ? `${t.runtime} (${f.subaccount.displayName})` : id);
  return (
    <Table
      caption={t.assignments}
      rows={f.assignments}
      keyOf={(a) => a.id}
      columns={[
        { key: "from", title: t.from, render: (a) => nameOf(a.source.id) },
        { key: "to", title: t.to, render: (a) => nameOf(a.target.id) },
        { key: "state", title: texts.common.status, render: (a) => <Badge code={a.state} label={t.states[a.state]} /> },
        { key: "error", title: t.error, render: (a) => a.error },
        { key: "changed", title: texts.common.changed, narrow: true, render: (a) => formatInstant(a.updatedAt) },
      ]}
      empty={
        <Empty title={t.noAssignments}>
          <p>{t.noAssignmentsDetail}</p>
        </Empty>
      }
    />
  );
}

function Dialogs({ f, path, asked, onClose }: { f: Formation; path: string; asked: Asked; onClose: () => void }) {
  switch (asked.what) {
    case "include":
      return <Include f={f} path={path} onClose={onClose} />;
    case "changeSubaccount":
      return <ChangeSubaccount f={f} path={path} onClose={onClose} />;
    case "exclude":
      return (
        <Confirm title={edition().excludeVerb} verb={edition().excludeVerb} onClose={onClose} act={() => send("DELETE", `${path}/systems/${asked.system!.id}`)}>
          <p>{t.excludeDetail(asked.system!.name, f.name)}</p>
        </Confirm>
      );
    case "resetAndResynchronize":
      return (
        <Confirm title={t.reset} verb={t.reset} onClose={onClose} act={() => send("POST", path + "/resynchronization", { reset: true })}>
          <p>{t.resetDetail}</p>
        </Confirm>
      );
    default:
      return (
        <Confirm title={`${t.delete} ${f.name}`} verb={t.delete} negative onClose={onClose} act={() => send("DELETE", path)} onDone={() => navigate("formations")}>
          <p>{edition().emptyFirst ? t.deleteEmptyFirst : t.deleteAll}</p>
        </Confirm>
      );
  }
}

function Include({ f, path, onClose }: { f: Formation; path: string; onClose: () => void }) {
  const systems = useList<System>("systems").data?.items ?? [];
  const others = systems.filter((s) => !f.systems.some((one) => one.id === s.id));
  const able = others.filter((s) => whyNotIncluded(s) === undefined);
  const unable = others.filter((s) => !able.includes(s));
  const [id, setID] = useState<string>();
  const chosen = id ?? able[0]?.id;
  return (
    <Confirm title={edition().includeVerb} verb={edition().includeVerb} onClose={onClose} act={() => (chosen ? send("PUT", `${path}/systems/${chosen}`, {}) : Promise.resolve())}>
      {able.length === 0 ? (
        <p>{t.noneToInclude}</p>
      ) : (
        <Field label={t.include}>{(field) => <Select id={field} value={chosen!} onChange={setID} options={able.map((s) => ({ value: s.id, label: `${s.name} (${s.type})` }))} />}</Field>
      )}
      <ul>
        {unable.slice(0, mostUnable).map((s) => (
          <li key={s.id} class="hint">
            {s.name}: {whyNotIncluded(s)}
          </li>
        ))}
        {unable.length > mostUnable && <li class="hint">{texts.common.andMore(unable.length - mostUnable)}</li>}
      </ul>
    </Confirm>
  );
}

function ChangeSubaccount({ f, path, onClose }: { f: Formation; path: string; onClose: () => void }) {
  const { items } = useSubaccount();
  const [id, setID] = useState(f.subaccount?.id ?? "");
  return (
    <Confirm title={t.changeSubaccount} verb={t.changeSubaccount} onClose={onClose} act={() => send("PATCH", path, { subaccount: id || null })}>
      <Field label={texts.common.subaccount}>
        {(field) => <Select id={field} value={id} onChange={setID} options={[{ value: "", label: texts.formations.noSubaccount }, ...items.map((s) => ({ value: s.id, label: s.displayName || s.id }))]} />}
      </Field>
    </Confirm>
  );
}
