// A sequence diagram: participants side by side, steps from top to bottom.

import { useEffect, useRef } from "preact/hooks";
import type { Diagram, DiagramStep } from "../../api/types";
import { texts } from "../../texts";

const t = texts.story;

// withoutPace leaves out what the reader's own pace brings: holds, and their release.
export function withoutPace(d: Diagram): Diagram {
  const ours = new Set(d.steps.filter((s) => s.lines[0].startsWith("POST /control/holds/")).map((s) => s.seq));
  const steps = d.steps.filter((s) => !ours.has(s.seq) && !(s.kind === "note" && s.lines.slice(1).every((line) => /^fault \d+: hold\b/.test(line))));
  const used = d.participants.map((_, i) => i).filter((i) => steps.some((s) => s.from === i || s.to === i));
  return { participants: used.map((i) => d.participants[i]), steps: steps.map((s) => ({ ...s, from: used.indexOf(s.from), to: used.indexOf(s.to) })) };
}

export function DiagramView(p: { diagram: Diagram; chosen?: number; waiting?: string; onChoose: (seq: number) => void }) {
  const { participants, steps } = p.diagram;
  const end = useRef<HTMLDivElement>(null);
  const count = useRef(steps.length);
  useEffect(() => {
    // What is new is shown, unless the reader looks at something else.
    if (steps.length > count.current && p.chosen === undefined) end.current?.scrollIntoView({ block: "nearest" });
    count.current = steps.length;
  }, [steps.length]);
  return (
    <section class="card diagram" style={{ "--participants": participants.length }} aria-label={t.diagram}>
      <ol class="diagram__heads" aria-label={t.tenant}>
        {participants.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ol>
      <div class="diagram__body">
        {participants.map((name, i) => (
          <span key={name} class="diagram__life" style={{ "--at": i }} aria-hidden="true" />
        ))}
        <ol>
          {steps.map((step, i) => (
            <li key={i}>
              <Step step={step} participants={participants} chosen={step.seq !== undefined && step.seq === p.chosen} onChoose={p.onChoose} />
            </li>
          ))}
        </ol>
        {p.waiting && <p class="diagram__waiting">{p.waiting}</p>}
        <div ref={end} />
      </div>
    </section>
  );
}

function Step({ step, participants, chosen, onChoose }: { step: DiagramStep; participants: string[]; chosen: boolean; onChoose: (seq: number) => void }) {
  const left = Math.min(step.from, step.to);
  const wide = Math.abs(step.from - step.to);
  const note = wide === 0;
  const back = step.to < step.from;
  const who = note ? participants[step.from] : `${participants[step.from]} → ${participants[step.to]}`;
  // The first line of a note is its instant.
  const lines = note && step.lines.length > 1 ? step.lines.slice(1) : step.lines;
  return (
    <button
      type="button"
      class={`step-${note ? "note" : "arrow"} step-${step.kind}` + (back ? " step-back" : "")}
      style={{ "--from": left, "--wide": wide }}
      aria-pressed={chosen}
      disabled={step.seq === undefined}
      onClick={() => onChoose(step.seq!)}
    >
      <span class="sr-only">{`${who} ${t.kinds[step.kind]}: `}</span>
      {lines.map((line, i) => (
        <span key={i} class="step-line">
          {note ? line : breakable(line)}
        </span>
      ))}
    </button>
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
