// System Landscape > System Types.

import { useState } from "preact/hooks";
import { useGlobalAccount, useList } from "../api/account";
import { send } from "../api/client";
import type { System, SystemType } from "../api/types";
import { edition } from "../api/words";
import { Link, navigate, useParameter } from "../app/router";
import { texts } from "../texts";
import { Actions } from "../ui/actions";
import { Button } from "../ui/button";
import { Confirm } from "../ui/confirm";
import { Field } from "../ui/field";
import { formatSpan } from "../ui/format";
import { Page as PageFrame } from "../ui/page";
import { NothingFound, Table, type Column } from "../ui/table";
import { SystemDialogs, type Asked } from "./systems/actions";
import { RegisterSystem } from "./systems/register";

const t = texts.systemTypes;

export function Page() {
  const types = useList<SystemType>("systemTypes");
  const systems = useList<System>("systems").data?.items;
  const [search, setSearch] = useParameter("search");
  const [creating, create] = useState(false);
  const [adding, add] = useState<string>();
  const [asked, ask] = useState<Asked>();
  const all = types.data?.items ?? [];
  const found = all.filter((s) => s.name.toLowerCase().includes(search.toLowerCase()));
  const count = (type: SystemType) => systems?.filter((s) => s.type === type.name).length ?? 0;
  const columns: Column<SystemType>[] = [
    { key: "name", title: texts.common.name, sort: (s) => s.name, render: (s) => s.name },
    { key: "token", title: t.token, sort: (s) => s.tokenValiditySeconds, render: (s) => (s.pairedByToken ? t.withToken(formatSpan(s.tokenValiditySeconds)) : t.noToken) },
    { key: "environments", title: t.environments, render: (s) => s.environments.map((e) => t.environment[e] ?? e).join(", ") },
    { key: "before", title: t.before, render: (s) => (s.formationBeforePairing ? t.yes : t.no) },
    {
      key: "provider",
      title: t.provider,
      sort: (s) => s.provider ?? t.sap,
      render: (s) => (
        <>
          {s.provider ?? t.sap}
          {s.namespace && <div class="hint mono">{s.namespace}</div>}
        </>
      ),
    },
    { key: "component", title: t.component, narrow: true, render: (s) => <span class="mono">{s.supportComponent}</span> },
    { key: "systems", title: t.systems, sort: count, render: (s) => (count(s) ? <Link to={"systems?type=" + encodeURIComponent(s.name)}>{count(s)}</Link> : systems && 0) },
    {
      key: "actions",
      title: texts.common.actions,
      render: (s) => <Actions id={"type-" + s.name.replace(/[^A-Za-z0-9]/g, "-")} of={s.name} actions={[{ label: edition().registerVerb, act: () => add(s.name) }]} />,
    },
  ];
  return (
    <PageFrame
      title={texts.navigation.systemTypes}
      intro={t.intro}
      of={types}
      actions={
        <Button look="emphasized" icon="add" why={edition().ownSystemTypes ? undefined : t.notInEdition} onClick={() => create(true)}>
          {t.create}
        </Button>
      }
    >
      <div class="bar" role="search">
        <label>
          {t.searchLabel}
          <input class="fd-input" type="search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
        </label>
      </div>
      <Table caption={texts.navigation.systemTypes} columns={columns} rows={found} keyOf={(s) => s.name} empty={<NothingFound />} />
      {creating && <Create onClose={() => create(false)} />}
      {adding && (
        <RegisterSystem
          type={adding}
          onClose={() => add(undefined)}
          onRegistered={(system, byToken) => {
            add(undefined);
            if (byToken) ask({ what: "token", system, token: system.integrationToken });
            else navigate("systems/" + system.id);
          }}
        />
      )}
      <SystemDialogs asked={asked} onClose={() => ask(undefined)} />
    </PageFrame>
  );
}

// Create is the dialog Create System Type (5481d59.md).
function Create({ onClose }: { onClose: () => void }) {
  const { account } = useGlobalAccount();
  const [name, setName] = useState("");
  const [namespace, setNamespace] = useState("customer.");
  const [provider, setProvider] = useState("");
  return (
    <Confirm title={t.create} verb={t.go} onClose={onClose} act={() => send("POST", `/api/v1/globalAccounts/${account!.id}/systemTypes`, { name, namespace, provider })}>
      <Field label={t.name} hint={t.nameHint} required>
        {(id, note) => <input id={id} class="fd-input" value={name} maxLength={100} autofocus autocomplete="off" spellcheck={false} aria-describedby={note} onInput={(e) => setName(e.currentTarget.value)} />}
      </Field>
      <Field label={t.namespace} hint={t.namespaceHint} required>
        {(id, note) => <input id={id} class="fd-input" value={namespace} maxLength={100} autocomplete="off" spellcheck={false} aria-describedby={note} onInput={(e) => setNamespace(e.currentTarget.value)} />}
      </Field>
      <Field label={t.provider} hint={t.providerHint} required>
        {(id, note) => <input id={id} class="fd-input" value={provider} maxLength={256} autocomplete="off" aria-describedby={note} onInput={(e) => setProvider(e.currentTarget.value)} />}
      </Field>
    </Confirm>
  );
}
