// The story of a pairing: a live sequence diagram, fed by the journal, at the
// reader's pace.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useGlobalAccount, useList } from "../api/account";
import { get, send } from "../api/client";
import { needsSignIn, useTenants, type SeenTenant } from "../api/tenants";
import { useQuery } from "../api/query";
import type { Diagram as Drawn, Entry, Fault, List, Pairing, Recipe, System, Token } from "../api/types";
import { edition } from "../api/words";
import { Link, useParameter } from "../app/router";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { useAct } from "../ui/confirm";
import { Select } from "../ui/field";
import { Failed, Message, RefusedBy } from "../ui/message";
import { Page as PageFrame } from "../ui/page";
import { Status } from "../ui/status";
import { Empty } from "../ui/table";
import { Diagram } from "./story/diagram";
import { isOurs, letGo, slowDown, usePace, type Pace } from "./story/pace";
import { usePlayer } from "./story/player";
import { scenesOf, type Points } from "./story/scenes";

const t = texts.story;

// most is how many entries a story is made of, as many as a diagram of the server.
const most = 1000;

// recipes are those that strike between the token and the end of a pairing.
const recipesOfPairing = (r: Recipe) => r.for.includes("system") && /token/i.test(r.do) && (!r.edition || r.edition === edition().id);

export function Page() {
  const { account } = useGlobalAccount();
  const systems = useList<System>("systems");
  const tenants = useTenants().data ?? [];
  const recipes = (useQuery("recipes", () => get<List<Recipe>>("/control/faults/recipes")).data?.items ?? []).filter(recipesOfPairing);
  const faults = useQuery("faults", () => get<List<Fault>>("/control/faults")).data?.items ?? [];
  const points = useQuery("points", () => get<Points>("/cockpit/points.json")).data;
  const [chosen, tellAbout] = useParameter("system");
  const [entry, turnTo] = useParameter("entry");
  // Who opens a step stays with its system, whatever comes later.
  const pinned = useRef(false);
  const [tenantID, chooseTenant] = useState("");
  const [recipeName, chooseRecipe] = useState("");

  const all = systems.data?.items ?? [];
  const latest = all.reduce<System | undefined>((newest, s) => (!newest || s.updatedAt > newest.updatedAt ? s : newest), undefined);
  const about = chosen || (latest?.id ?? "");
  const system = all.find((s) => s.id === about);
  const ended = !system || system.status.code !== "pending";
  const [pace, setPace] = usePace(about, ended);
  const tenant = tenants.find((one) => one.id === tenantID) ?? tenants[0];
  const recipe = recipes.find((r) => r.name === recipeName);
  const match = about && "system=" + encodeURIComponent(about);
  const diagram = useQuery(match ? "diagram " + match : undefined, () => get<Drawn>("/control/journal?format=diagram&" + match));
  const entries = useQuery(match ? "entries " + match : undefined, () => get<{ items: Entry[] }>(`/control/journal?limit=${most}&` + match));
  const { scenes, participants } = useMemo(
    () => (diagram.data && entries.data && points ? scenesOf(entries.data.items, diagram.data, points) : { scenes: [], participants: [] }),
    [diagram.data, entries.data, points],
  );
  const player = usePlayer(about, scenes.length, pace.pace);
  const names = useMemo(() => new Map(faults.filter((f) => f.action.kind !== "hold" || f.recipe).map((f) => [f.id, f.recipe ?? f.action.kind])), [faults]);

  const open = (seq: number) => {
    if (seq > 0 && !chosen) {
      pinned.current = true;
      tellAbout(about);
    } else if (seq === 0 && pinned.current) {
      pinned.current = false;
      tellAbout("");
    }
    turnTo(seq > 0 ? String(seq) : "");
  };
  const tell = (system: string) => {
    pinned.current = false;
    turnTo("");
    tellAbout(system);
  };

  const starting = useAct(async () => {
    const taken = new Set(all.map((s) => s.name));
    let n = 1;
    while (taken.has(t.name(n))) n++;
    const made = await send<System>("POST", `/api/v1/globalAccounts/${account!.id}/systems`, { name: t.name(n), type: tenant.product });
    tell(made.id);
    player.end();
    const token = made.integrationToken ?? (await send<Token>("POST", `/api/v1/systems/${made.id}/tokens`, {}));
    if (recipe) await send("POST", "/control/faults/recipes/" + recipe.name, { system: made.id });
    await slowDown(made.id, pace.pace);
    await send("POST", `/tenants/${tenant.id}/pairings`, { token: token.tokenUrl, description: made.name });
  });
  const setting = useAct(() => send("POST", "/control/faults/recipes/" + recipe!.name, { system: about }));
  // A story that has ended lets nothing wait any more.
  useEffect(() => {
    if (system && ended) void letGo(about);
  }, [system === undefined, ended, about]);
  const waiting = pace.holds[0];
  const running = !pace.paused && (player.telling || !ended);

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
          <Button look="emphasized" icon="play" why={tenant && needsSignIn(tenant.id) ? texts.signIn.tenantFirst(tenant.id) : undefined} busy={starting.busy} disabled={!tenant || !account} onClick={starting.run}>
            {t.start}
          </Button>
        </div>
        {recipe && (
          <p class="hint">
            {t.willSee} {recipe.seen} ({recipe.source})
          </p>
        )}
        {tenant && needsSignIn(tenant.id) && (
          <p class="hint">
            {texts.signIn.tenantFirst(tenant.id)} <Link to={"tenants/" + tenant.id}>{texts.signIn.tenantTitle(tenant.id)}</Link>
          </p>
        )}
        {pace.pace === "step" && <p class="hint">{t.patience}</p>}
        {starting.refusal && <RefusedBy refusal={starting.refusal} />}
      </div>
      {about && (
        <div class="card story__controls">
          <div class="bar story__bar">
            <label>
              {t.system}
              <Select
                value={chosen}
                onChange={tell}
                options={[
                  { value: "", label: latest ? t.latest(latest.name) : "–" },
                  ...all.map((s) => ({ value: s.id, label: `${s.name} (${s.type})` })),
                  ...(chosen && systems.data && !system ? [{ value: chosen, label: t.gone(entries.data?.items.at(-1)?.subject?.name ?? chosen) }] : []),
                ]}
              />
            </label>
            {running ? (
              <Button icon="pause" onClick={() => setPace("step")}>
                {t.pause}
              </Button>
            ) : (
              <Button
                icon="play"
                disabled={scenes.length === 0}
                onClick={() => {
                  if (pace.paused) setPace("slow");
                  if (ended && !player.telling) player.again();
                }}
              >
                {t.play}
              </Button>
            )}
            <Button icon="step" why={player.telling || waiting ? undefined : t.noStep} onClick={() => (player.telling ? player.step() : pace.step())}>
              {t.step}
            </Button>
            <Button
              icon="refresh"
              look="transparent"
              disabled={scenes.length < 2}
              onClick={() => {
                setPace("step");
                player.again();
              }}
            >
              {t.again}
            </Button>
            <span class="hint" role="status">
              {player.telling ? t.told(player.shown, scenes.length) : waiting ? t.waitsAt(waiting.point ?? waiting.transition ?? "") : t.waits}
            </span>
          </div>
        </div>
      )}
      {about && (
        <div class="story__state">
          {!player.telling && system && <Outcome system={system} tenants={tenants} asked={participants.find((p) => p.startsWith("Tenant "))?.slice("Tenant ".length) ?? tenant?.id} />}
          <Struck faults={faults.filter((f) => f.match.system === about && !isOurs(f, about))} />
          {recipe && system && !ended && (
            <p>
              <Button disabled={setting.busy} onClick={setting.run}>
                {t.setNow(recipe.name)}
              </Button>
            </p>
          )}
          {setting.refusal && <RefusedBy refusal={setting.refusal} />}
        </div>
      )}
      {!about || scenes.length === 0 ? (
        <Empty title={t.empty}>
          <p>{t.emptyDetail}</p>
        </Empty>
      ) : (
        <>
          <Diagram key={about} entry={Number(entry) || 0} open={open} scenes={scenes.slice(0, player.shown)} participants={participants} points={points!} tenants={tenants} recipes={names} />
          {entries.data?.items.length === most && <p class="hint">{t.cut(most)}</p>}
        </>
      )}
    </PageFrame>
  );
}

// Outcome is how the story has ended so far, on both sides.
function Outcome({ system, tenants, asked }: { system: System; tenants: SeenTenant[]; asked?: string }) {
  const path = asked && !needsSignIn(asked) ? `/tenants/${encodeURIComponent(asked)}/pairings` : undefined;
  const rows = useQuery(path && "pairings of " + asked, () => get<List<Pairing>>(path!));
  const row = rows.data?.items.find((r) => r.systemId === system.id || (r.description === system.name && !r.systemId));
  // The registry's journal does not tell when a tenant gives up: it is asked.
  const busy = row?.status.code === "inProgress";
  useEffect(() => {
    if (!busy) return;
    const timer = setInterval(() => void rows.refresh(), 500);
    return () => clearInterval(timer);
  }, [busy, path]);
  const product = tenants.find((one) => one.id === asked);
  return (
    <>
      <p class="story__outcome">
        <span>
          {t.inCockpit} <Status status={system.status} /> <Link to={"systems/" + system.id}>{system.name}</Link>
        </span>
        {row && (
          <span>
            {t.inTenant} <strong>{row.status.label}</strong> <Link to={"tenants/" + asked}>{product?.id ?? asked}</Link>
          </span>
        )}
      </p>
      {system.error && <Failed status={system.status.label} failure={system.error} />}
      {row?.status.code === "failed" && (
        <Message tone="error">
          <strong>{t.tenantGaveUp(asked!)}</strong>
          <span class="message__line">{row.cause}</span>
          {row.next && <span class="message__line">{row.next}</span>}
        </Message>
      )}
    </>
  );
}

// Struck are the faults that are set for the system.
function Struck({ faults }: { faults: Fault[] }) {
  const { refusal, run } = useAct((ids: string[]) => Promise.all(ids.map((id) => send("DELETE", "/control/faults/" + id))));
  const sets = new Map<string, Fault[]>(); // a recipe may be several rules
  for (const f of faults) sets.set(f.recipe ?? f.point, [...(sets.get(f.recipe ?? f.point) ?? []), f]);
  if (sets.size === 0) return null;
  return (
    <>
      <ul class="story__faults" aria-label={t.set}>
        {[...sets].map(([name, rules]) => (
          <li key={name}>
            <span>
              <strong>{name}</strong> {t.times(rules.reduce((n, f) => n + f.struck, 0))}
            </span>
            <Button look="transparent" icon="close" label={t.remove(name)} onClick={() => run(rules.map((f) => f.id))} />
          </li>
        ))}
      </ul>
      {refusal && <RefusedBy refusal={refusal} />}
    </>
  );
}
