// The sequence diagram: participants side by side, scenes from top to bottom.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Entry, Tenant } from "../../api/types";
import { texts } from "../../texts";
import { formatInstant } from "../../ui/format";
import { Icon } from "../../ui/icon";
import { Facts } from "../../ui/page";
import { Badge } from "../../ui/status";
import { failed, registry, strike, type Points, type Scene } from "./scenes";

const t = texts.story;

interface Props {
  scenes: Scene[];
  participants: string[];
  points: Points;
  tenants: Tenant[];
  // recipes are the names of fault rules, by id; holds are not among them.
  recipes: Map<string, string>;
}

// explained says what happens: what the registry fetches has no step of its own.
function explained(scene: Scene, points: Points): string {
  if (scene.arrow?.kind === "call" && scene.point.startsWith("services.")) return t.fetches;
  return points[scene.point]?.text ?? scene.point;
}

// called is what a participant is called, and what it is.
function called(participant: string, tenants: Tenant[]): { name: string; what: string } {
  const id = /^Tenant (.+)$/.exec(participant)?.[1];
  if (id) return { name: id, what: tenants.find((one) => one.id === id)?.product ?? t.participants.Tenant.what };
  return t.participants[participant] ?? { name: participant, what: "" };
}

export function Diagram(p: Props) {
  const list = useRef<HTMLOListElement>(null);
  const count = useRef(p.scenes.length);
  const [open, setOpen] = useState<number>();
  useEffect(() => {
    // What is new is shown, unless the reader looks at something else.
    if (p.scenes.length > count.current && open === undefined) list.current?.lastElementChild?.scrollIntoView({ block: "nearest" });
    count.current = p.scenes.length;
  }, [p.scenes.length]);
  return (
    <section class="card diagram" aria-label={t.diagram} style={{ "--lanes": p.participants.length }}>
      <ul class="diagram__heads">
        {p.participants.map((one) => {
          const { name, what } = called(one, p.tenants);
          return (
            <li key={one} class={one === registry ? "diagram__registry" : ""}>
              <strong>{name}</strong> <span class="hint">{what}</span>
            </li>
          );
        })}
      </ul>
      <div class="diagram__body">
        <div class="diagram__lines" aria-hidden="true">
          {p.participants.map((one) => (
            <span key={one} />
          ))}
        </div>
        <ol ref={list}>
          {p.scenes.map((scene) => (
            <Row key={scene.key} {...p} scene={scene} open={open === scene.key} toggle={() => setOpen(open === scene.key ? undefined : scene.key)} />
          ))}
        </ol>
      </div>
    </section>
  );
}

function Row(p: Props & { scene: Scene; open: boolean; toggle: () => void }) {
  const { scene } = p;
  const from = p.participants.indexOf(scene.from);
  const to = p.participants.indexOf(scene.to);
  const bad = failed(scene);
  const struck = [...new Set((scene.arrow?.faults ?? []).filter((id) => p.recipes.has(id)).map((id) => p.recipes.get(id)!))];
  const id = "scene-" + scene.key;
  const across = from !== to;
  return (
    <li
      class={`scene scene--${bad ? "bad" : struck.length > 0 ? "struck" : "good"}${scene.waiting ? " scene--waiting" : ""}`}
      style={{ "--from": Math.min(from, to), "--span": Math.abs(to - from), "--me": p.participants.indexOf(registry) }}
    >
      <button type="button" class={"scene__call" + (across ? "" : " scene__call--alone")} aria-expanded={p.open} aria-controls={id} onClick={p.toggle}>
        {across && (
          <span class="sr-only">
            {called(scene.from, p.tenants).name} → {called(scene.to, p.tenants).name}:{" "}
          </span>
        )}
        <span class="scene__text">{explained(scene, p.points)}</span>
        {across && <span class="mono">{scene.arrow ? breakable(`${scene.arrow.method} ${scene.arrow.path}`) : scene.point}</span>}
        {across && <span class={"scene__line scene__line--" + (from < to ? "right" : "left")} aria-hidden="true" />}
      </button>
      <Notes {...p} />
      {scene.arrow && (
        <div class="scene__answer">
          <span class={"scene__line scene__line--back scene__line--" + (from < to ? "left" : "right")} aria-hidden="true" />
          <span class="sr-only">{t.answer}</span>
          <Badge code={bad ? "failed" : "ready"} label={scene.arrow.status ? String(scene.arrow.status) : t.noAnswer} />
          {bad && scene.arrow.rule && scene.arrow.rule !== scene.point && <span class="mono scene__rule">{scene.arrow.rule}</span>}
          {struck.length > 0 && (
            <span class="scene__fault">
              <Icon name="warning" />
              {struck.join(", ")}
            </span>
          )}
        </div>
      )}
      <div id={id} class="scene__details" hidden={!p.open}>
        {p.open && <Details {...p} struck={struck} />}
      </div>
    </li>
  );
}

const looks: Record<string, string> = { transition: "moved", refusal: "refused", due: "due" };

function Notes({ scene, recipes }: Props & { scene: Scene }) {
  const notes = scene.notes.filter((n) => n.detail || n.kind !== "decision");
  if (notes.length === 0) return null;
  return (
    <ul class="scene__notes">
      {notes.map((n) => (
        <li key={n.seq} class={"scene__note scene__note--" + (strike(n) ? "fault" : (looks[n.kind] ?? "done"))}>
          {textOf(n, scene, recipes)}
        </li>
      ))}
    </ul>
  );
}

function textOf(e: Entry, scene: Scene, recipes: Map<string, string>): string {
  if (scene.waiting) return t.waitsHere;
  const hit = strike(e);
  if (hit) return t.struck(recipes.get(hit.rule) ?? hit.rule, hit.did);
  if (e.kind === "refusal") return [e.rule, e.detail].filter(Boolean).join(": ");
  return e.detail || e.rule || "";
}

function Details({ scene, points, struck }: Props & { scene: Scene; struck: string[] }) {
  const e = scene.arrow ?? scene.notes[0];
  const point = points[scene.point];
  return (
    <>
      <Facts
        facts={[
          [t.call, scene.arrow && <span class="mono">{`${scene.arrow.method} ${scene.arrow.path}`}</span>],
          [t.status, scene.arrow && (scene.arrow.status || t.noAnswer)],
          [t.at, formatInstant(e.at)],
          [t.system, e.subject?.name],
          [t.tenant, e.subject?.tenant],
          [t.point, <span class="mono">{scene.point}</span>],
          [t.rule, e.rule !== scene.point ? <span class="mono">{e.rule}</span> : undefined],
          [t.source, e.source || point?.source],
          [t.detail, scene.arrow?.detail],
          [t.faults, struck.join(", ")],
          [t.entry, String(e.seq)],
        ]}
      />
      {scene.arrow && scene.notes.length > 0 && (
        <ul class="scene__came" aria-label={t.came}>
          {scene.notes.map((n) => (
            <li key={n.seq}>
              {[texts.history.kinds[n.kind], n.rule !== n.point && n.rule, n.detail].filter(Boolean).join(": ")} {n.source && <span class="hint">({n.source})</span>}
            </li>
          ))}
        </ul>
      )}
      {scene.arrow && <p class="hint">{t.note}</p>}
    </>
  );
}

// breakable is a call that breaks at its slashes, its ids cut short.
function breakable(call: string) {
  const parts = call.replace(/\b([0-9a-f]{8})-[0-9a-f-]{27}\b/g, "$1…").split("/");
  return parts.map((part, i) => (
    <>
      {i > 0 && <wbr />}
      {i > 0 && "/"}
      {part}
    </>
  ));
}
