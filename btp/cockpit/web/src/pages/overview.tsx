// The two processes of the documents as pictures, with the reader's own systems in them.

import { useState } from "preact/hooks";
import { useGlobalAccount, useList, useSubaccount } from "../api/account";
import { all } from "../api/client";
import { useQuery } from "../api/query";
import type { Application, Entitlement, FormationRow, ServiceInstance, System } from "../api/types";
import { edition } from "../api/words";
import { Link } from "../app/router";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Page as PageFrame } from "../ui/page";
import { Source } from "../ui/source";
import { Status } from "../ui/status";
import { SystemDialogs, type Asked } from "./systems/actions";
import { RegisterSystem } from "./systems/register";

const t = texts.overview;
const mostChips = 5;

type Lane = keyof typeof t.lanes;
interface Step {
  lane: Lane;
  title: string;
  detail: string;
  to?: string;
}

export function Page() {
  const systems = useList<System>("systems");
  const formations = useList<FormationRow>("formations").data?.items ?? [];
  const { items: subaccounts } = useSubaccount();
  const { account } = useGlobalAccount();
  const below = <T,>(what: string, of: typeof subaccounts) => Promise.all(of.map((s) => all<T>(`/api/v1/subaccounts/${s.id}/${what}`).then((l) => l.items))).then((lists) => lists.flat());
  const key = account && subaccounts.length > 0 ? account.id + " " + subaccounts.map((s) => s.id).join(" ") : undefined;
  const applications = useQuery(key && "applications of " + key, () => below<Application>("runtime/applications", subaccounts.filter((s) => s.environments.includes("kyma")))).data ?? [];
  const entitlements = useQuery(key && "entitlements of " + key, () => below<Entitlement>("entitlements", subaccounts)).data ?? [];
  const instances = useQuery(key && "instances of " + key, () => below<ServiceInstance>("serviceInstances", subaccounts)).data ?? [];
  const [registering, register] = useState(false);
  const [asked, ask] = useState<Asked>();

  const e = edition();
  const cx: Step[] = [
    { lane: "cockpit", ...t.steps.register(e.registerVerb), to: "systems" },
    { lane: "cockpit", ...t.steps.token(e.tokenName), to: "systems" },
    { lane: "cockpit", ...t.steps.formation, to: "formations" },
    { lane: "tenant", ...t.steps.use, to: "tenants" },
    { lane: "cockpit", ...t.steps.registered, to: "systems?status=registered" },
    { lane: "runtime", ...t.steps.application, to: "runtime" },
  ];
  const marketing: Step[] = [
    { lane: "cockpit", ...t.steps.register(e.registerVerb), to: "systems" },
    { lane: "cockpit", ...t.steps.token(e.tokenName), to: "systems" },
    { lane: "tenant", ...t.steps.extension, to: "tenants" },
    { lane: "cockpit", ...t.steps.registered, to: "systems?status=registered" },
    { lane: "cockpit", ...t.steps.entitlement, to: "entitlements" },
    { lane: "runtime", ...t.steps.instance, to: "instances" },
  ];
  const mine = systems.data?.items ?? [];
  // What pairs before it joins a formation is extended by service instances.
  const extended = (s: System) => e.pairFirst.includes(s.type);
  const inFormation = (s: System) => formations.some((f) => f.systems.includes(s.id));
  const atCX = (s: System): number => {
    if (applications.some((a) => a.system.id === s.id)) return 5;
    if (s.status.code === "registered") return 4;
    return inFormation(s) ? 3 : 1;
  };
  const atMarketing = (s: System): number => {
    if (s.status.code !== "registered") return 1;
    if (instances.some((one) => one.system?.id === s.id && one.usable)) return 5;
    return entitlements.some((one) => one.system.id === s.id) ? 4 : 3;
  };

  return (
    <PageFrame
      title={texts.navigation.overview}
      intro={t.intro}
      of={systems}
      actions={
        <Button look={mine.length === 0 ? "emphasized" : undefined} icon="add" onClick={() => register(true)}>
          {e.registerVerb}
        </Button>
      }
    >
      <Process words={t.cx} steps={cx} systems={mine.filter((s) => !extended(s))} at={atCX} />
      <Process words={t.marketing} steps={marketing} systems={mine.filter((s) => extended(s))} at={atMarketing} />
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

function Process(p: { words: { title: string; source: string; what: string }; steps: Step[]; systems: System[]; at: (s: System) => number }) {
  return (
    <section class="card process">
      <div class="card__head">
        <h2 class="fd-title fd-title--h4">{p.words.title}</h2>
        <span class="hint">
          {texts.common.source}: <Source of={p.words.source} />
        </span>
      </div>
      <p class="page__intro">{p.words.what}</p>
      <div class="lanes" style={{ "--steps": p.steps.length }}>
        {(Object.keys(t.lanes) as Lane[]).map((lane, i) => (
          <div key={lane} class="lanes__name" style={{ "--row": i + 1 }} aria-hidden="true">
            {t.lanes[lane]}
          </div>
        ))}
        <ol class="lanes__steps">
          {p.steps.map((step, i) => (
            <StepBox key={step.title} step={step} number={i + 1} systems={p.systems.filter((s) => p.at(s) === i)} />
          ))}
        </ol>
        {p.steps.slice(1).map((step, i) => (
          <Arrow key={step.title} from={laneRow[p.steps[i].lane]} to={laneRow[step.lane]} column={i + 3} />
        ))}
      </div>
    </section>
  );
}

const laneRow: Record<Lane, number> = { cockpit: 1, tenant: 2, runtime: 3 };

// Arrow leads from a step to the next, which stands a column further: in the same
// lane, or by the empty cells of the lanes that it passes.
function Arrow({ from, to, column }: { from: number; to: number; column: number }) {
  if (from === to) return <div class="arrow arrow--on" style={{ "--row": from, "--column": column }} aria-hidden="true" />;
  const way = to > from ? "down" : "up";
  const passed = Array.from({ length: Math.abs(to - from) - 1 }, (_, i) => from + (i + 1) * Math.sign(to - from));
  return (
    <>
      <div class={"arrow arrow--" + way + (passed.length === 0 ? " arrow--ends" : "")} style={{ "--row": from, "--column": column }} aria-hidden="true" />
      {passed.map((row, i) => (
        <div key={row} class={"arrow arrow--through arrow--" + way + (i === passed.length - 1 ? " arrow--ends" : "")} style={{ "--row": row, "--column": column }} aria-hidden="true" />
      ))}
    </>
  );
}

function StepBox({ step, number, systems }: { step: Step; number: number; systems: System[] }) {
  return (
    <li class={"step step--" + step.lane + (systems.length > 0 ? " step--mine" : "")} style={{ "--row": laneRow[step.lane], "--column": number + 1 }}>
      <span class="step__lane sr-only">{t.lanes[step.lane]}: </span>
      <span class="step__number" aria-hidden="true">
        {number}
      </span>
      <strong class="step__title">{step.to ? <Link to={step.to}>{step.title}</Link> : step.title}</strong>
      <span class="step__detail">{step.detail}</span>
      {systems.length > 0 && (
        <ul class="step__systems" aria-label={t.yours}>
          {systems.slice(0, mostChips).map((s) => (
            <li key={s.id}>
              <Link to={"systems/" + s.id}>{s.name}</Link> {s.status.code !== "registered" && s.status.label && <Status status={s.status} />}
            </li>
          ))}
          {systems.length > mostChips && <li class="hint">{texts.common.andMore(systems.length - mostChips)}</li>}
        </ul>
      )}
    </li>
  );
}
