// The story of a pairing: a live sequence diagram, fed by the journal, at the
// reader's pace.

import { useEffect, useState } from "preact/hooks";
import { useGlobalAccount, useList } from "../api/account";
import { get, send } from "../api/client";
import { useQuery } from "../api/query";
import type { Diagram, Entry, List, Recipe, System, Tenant, Token } from "../api/types";
import { edition } from "../api/words";
import { useParameter } from "../app/router";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { useAct } from "../ui/confirm";
import { Select } from "../ui/field";
import { formatInstant } from "../ui/format";
import { RefusedBy } from "../ui/message";
import { Facts, Page as PageFrame } from "../ui/page";
import { Status } from "../ui/status";
import { Empty } from "../ui/table";
import { DiagramView, withoutPace } from "./story/diagram";
import { letGo, slowDown, usePace, type Pace } from "./story/pace";

const t = texts.story;

// recipes are those that strike between the token and the end of a pairing.
const recipesOfPairing = (r: Recipe) => r.for.includes("system") && /token/i.test(r.do) && (!r.edition || r.edition === edition().id);

export function Page() {
  const { account } = useGlobalAccount();
  const systems = useList<System>("systems");
  const tenants = useQuery("tenants", () => get<List<Tenant>>("/tenants")).data?.items ?? [];
  const recipes = (useQuery("recipes", () => get<List<Recipe>>("/control/faults/recipes")).data?.items ?? []).filter(recipesOfPairing);
  const [about, tellAbout] = useParameter("system");
  const [tenantID, chooseTenant] = useState("");
  const [recipeName, chooseRecipe] = useState("");
  const [pace, setPace] = usePace(about);
  const [seq, choose] = useState<number>();

  const all = systems.data?.items ?? [];
  const system = all.find((s) => s.id === about);
  const tenant = tenants.find((one) => one.id === tenantID) ?? tenants[0];
  const recipe = recipes.find((r) => r.name === recipeName);
  const match = about && "system=" + encodeURIComponent(about);
  const diagram = useQuery(match ? "diagram " + match : undefined, () => get<Diagram>("/control/journal?format=diagram&" + match));
  const entries = useQuery(match ? "entries " + match : undefined, () => get<{ items: Entry[] }>("/control/journal?limit=1000&" + match));

  const starting = useAct(async () => {
    const taken = new Set(all.map((s) => s.name));
    let n = 1;
    while (taken.has(t.name(n))) n++;
    const made = await send<System>("POST", `/api/v1/globalAccounts/${account!.id}/systems`, { name: t.name(n), type: tenant.product });
    tellAbout(made.id);
    choose(undefined);
    const token = made.integrationToken ?? (await send<Token>("POST", `/api/v1/systems/${made.id}/tokens`, {}));
    if (recipe) await send("POST", "/control/faults/recipes/" + recipe.name, { system: made.id });
    await slowDown(made.id, pace.pace);
    await send("POST", `/tenants/${tenant.id}/pairings`, { token: token.tokenUrl, description: made.name });
  });
  // A story that has ended lets nothing wait any more.
  const ended = system !== undefined && system.status.code !== "pending";
  useEffect(() => {
    if (ended) void letGo(about);
  }, [ended, about]);
  const entry = entries.data?.items.find((e) => e.seq === seq);

  return (
    <PageFrame title={texts.navigation.story} intro={t.intro} of={{ ...systems, refusal: systems.refusal ?? diagram.refusal }}>
      <div class="card">
        <div class="bar story__bar">
          <label>
            {t.tenant}
            <Select value={tenant?.id ?? ""} onChange={chooseTenant} options={tenants.map((one) => ({ value: one.id, label: `${one.id} (${one.product})` }))} />
          </label>
          <label>
            {t.fault}
            <Select value={recipeName} onChange={chooseRecipe} options={[{ value: "", label: t.noFault }, ...recipes.map((r) => ({ value: r.name, label: r.what }))]} />
          </label>
          <label>
            {t.pace}
            <Select value={pace.pace} onChange={(p) => setPace(p as Pace)} options={Object.entries(t.paces).map(([value, label]) => ({ value, label }))} />
          </label>
          <Button look="emphasized" icon="play" disabled={starting.busy || !tenant || !account} onClick={starting.run}>
            {t.start}
          </Button>
        </div>
        {recipe && (
          <p class="hint">
            {t.willSee} {recipe.seen} ({recipe.source})
          </p>
        )}
        {starting.refusal && <RefusedBy refusal={starting.refusal} />}
      </div>
      {all.length > 0 && (
        <div class="card story__controls">
          <div class="bar story__bar">
            <label>
              {t.system}
              <Select
                value={about}
                onChange={(id) => {
                  tellAbout(id);
                  choose(undefined);
                }}
                options={[{ value: "", label: "–" }, ...all.map((s) => ({ value: s.id, label: `${s.name} (${s.type})` }))]}
              />
            </label>
            {system && <Status status={system.status} />}
            <Button icon={pace.paused ? "play" : "pause"} disabled={!system} onClick={() => setPace(pace.paused ? "slow" : "step")}>
              {pace.paused ? t.play : t.pause}
            </Button>
            <Button icon="step" disabled={pace.holds.length === 0} onClick={pace.step}>
              {t.step}
            </Button>
            <span class="hint" role="status">
              {pace.holds.length > 0 ? t.waitsAt(pace.holds[0].point ?? pace.holds[0].transition ?? "") : system ? t.waits : ""}
            </span>
          </div>
        </div>
      )}
      {!about || !diagram.data ? (
        <Empty title={t.empty}>
          <p>{t.emptyDetail}</p>
        </Empty>
      ) : (
        <div class="story">
          <DiagramView diagram={withoutPace(diagram.data)} chosen={seq} onChoose={choose} waiting={pace.holds.length > 0 ? t.waitsAt(pace.holds[0].point ?? "") : undefined} />
          <aside class="card story__details" aria-label={t.details}>
            <h2 class="fd-title fd-title--h4">{t.details}</h2>
            {entry ? <EntryFacts entry={entry} /> : <p class="hint">{t.none}</p>}
            <p class="hint">{t.note}</p>
          </aside>
        </div>
      )}
    </PageFrame>
  );
}

function EntryFacts({ entry: e }: { entry: Entry }) {
  return (
    <Facts
      facts={[
        [t.kind, texts.history.kinds[e.kind]],
        [t.call, e.method && <span class="mono">{`${e.method} ${e.path}`}</span>],
        [t.status, e.status],
        [t.rule, <span class="mono">{e.rule}</span>],
        [t.detail, e.detail],
        [t.source, e.source],
        [t.at, formatInstant(e.at)],
        [t.faults, e.faults?.join(", ")],
      ]}
    />
  );
}
