// The sequence diagram: participants side by side, scenes from top to bottom.

import { useEffect, useRef } from "preact/hooks";
import type { SeenTenant } from "../../api/tenants";
import type { Entry } from "../../api/types";
import { texts } from "../../texts";
import { Copy } from "../../ui/copy";
import { formatInstant } from "../../ui/format";
import { Icon } from "../../ui/icon";
import { Facts } from "../../ui/page";
import { Source } from "../../ui/source";
import { Badge } from "../../ui/status";
import { Said } from "./said";
import { failed, registry, strike, type Points, type Scene } from "./scenes";

const t = texts.story;

interface Props {
  scenes: Scene[];
  participants: string[];
  points: Points;
  tenants: SeenTenant[];
  // entry is the number in the journal of the step that is open; 0: none is.
  entry: number;
  open: (entry: number) => void;
  // recipes are the names of fault rules, by id; holds are not among them.
  recipes: Map<string, string>;
}

// explained says what happens: what the registry fetches has no step of its own.
function explained(scene: Scene, points: Points): string {
  if (scene.arrow?.kind === "call" && scene.point.startsWith("services.")) return t.fetches;
  return points[scene.point]?.text ?? scene.point;
}

// called is what a participant is called, and what it is.
function called(participant: string, tenants: SeenTenant[]): { name: string; what: string } {
  const id = /^Tenant (.+)$/.exec(participant)?.[1];
  if (id) return { name: id, what: tenants.find((one) => one.id === id)?.product ?? t.participants.Tenant.what };
  return t.participants[participant] ?? { name: participant, what: "" };
}

export function Diagram(p: Props) {
  const list = useRef<HTMLOListElement>(null);
  const count = useRef(p.scenes.length);
  // A link to a step leads to it.
  const sought = useRef(p.entry);
  const found = p.scenes.some((s) => isOf(s, sought.current));
  useEffect(() => {
    if (!found) return;
    sought.current = 0;
    const step = list.current?.querySelector<HTMLElement>("[aria-expanded=true]");
    step?.focus({ preventScroll: true });
    step?.scrollIntoView({ block: "start" });
  }, [found]);
  useEffect(() => {
    // What is new is shown, unless the reader looks at something else.
    if (p.scenes.length > count.current && !p.entry) list.current?.lastElementChild?.scrollIntoView({ block: "nearest" });
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
            <Row key={scene.key} {...p} scene={scene} shown={isOf(scene, p.entry)} />
          ))}
        </ol>
      </div>
    </section>
  );
}

// isOf: an entry of the journal is one of the scene's.
function isOf(scene: Scene, entry: number): boolean {
  return entry > 0 && (scene.key === entry || scene.arrow?.seq === entry || scene.notes.some((n) => n.seq === entry));
}

function Row(p: Props & { scene: Scene; shown: boolean }) {
  const { scene, shown } = p;
  const button = useRef<HTMLButtonElement>(null);
  const from = p.participants.indexOf(scene.from);
  const to = p.participants.indexOf(scene.to);
  const bad = failed(scene);
  const struck = [...new Set((scene.arrow?.faults ?? []).filter((id) => p.recipes.has(id)).map((id) => p.recipes.get(id)!))];
  const id = "scene-" + scene.key;
  const across = from !== to;
  return (
    <li
      onKeyDown={(e) => {
        if (e.key !== "Escape" || !shown) return;
        p.open(0);
        button.current?.focus();
      }}
      class={`scene scene--${bad ? "bad" : struck.length > 0 ? "struck" : "good"}${scene.waiting ? " scene--waiting" : ""}`}
      style={{ "--from": Math.min(from, to), "--span": Math.abs(to - from), "--me": p.participants.indexOf(registry) }}
    >
      <button
        ref={button}
        type="button"
        class={"scene__call" + (across ? "" : " scene__call--alone")}
        aria-expanded={shown}
        aria-controls={id}
        onClick={() => p.open(shown ? 0 : (scene.arrow?.seq ?? scene.key))}
      >
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
      <div id={id} class="scene__details" hidden={!shown}>
        {shown && <Details {...p} struck={struck} />}
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
  const source = e.source || point?.source;
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
          [t.source, source && <Source of={source} />],
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
      {scene.arrow && <Said key={scene.arrow.seq} seq={scene.arrow.seq} />}
      <p class="scene__foot">
        <span class="hint">{t.note}</span>
        <Copy text={location.href} what={t.said.linkOf} label={t.said.link} />
      </p>
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
