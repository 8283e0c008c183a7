// The picture of a formation: systems on the left, the runtime on the right, and
// between them the state of each pair.

import type { Assignment, Formation } from "../../api/types";
import { texts } from "../../texts";
import { toneOf } from "../../ui/status";

const t = texts.formation;

// worst orders the states of the two directions of a pair: the first that is there holds.
const worst: Assignment["state"][] = ["CREATE_ERROR", "DELETE_ERROR", "DELETING", "INITIAL", "CONFIG_PENDING", "READY"];

const row = 72;
const box = { width: 240, height: 52 };
const width = 760;
// label stands beside its system, before the lines come together: none crosses it.
const label = { x: box.width + 20, width: 150, height: 24 };
const bend = label.x + label.width + 12;

export function Picture({ formation: f }: { formation: Formation }) {
  const height = Math.max(1, f.systems.length) * row + 16;
  const kyma = f.subaccount?.environments.includes("kyma");
  const right = width - box.width - 8;
  const middle = Math.min(height / 2, 3 * row); // in sight, however many systems there are
  return (
    <div class="picture" tabIndex={0} role="group" aria-label={t.pictureOf(f.name)}>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={describe(f)}>
        {f.systems.map((s, i) => {
          const y = i * row + row / 2 + 8;
          const state = stateOf(f, s.id);
          return (
            <g key={s.id} class={"edge edge--" + toneOf(state)}>
              <path d={`M${box.width + 8} ${y} H ${bend} C ${bend + 60} ${y}, ${right - 60} ${middle}, ${right} ${middle}`} />
              <rect class="edge__label" x={label.x} y={y - label.height / 2} width={label.width} height={label.height} rx={label.height / 2} />
              <text x={label.x + label.width / 2} y={y + 4} text-anchor="middle">
                {t.states[state]}
              </text>
            </g>
          );
        })}
        {f.systems.map((s, i) => (
          <Box key={s.id} x={8} y={i * row + row / 2 + 8 - box.height / 2} title={s.name} detail={[s.type, s.status.label].filter(Boolean).join(" · ")} />
        ))}
        {f.systems.length === 0 && <Box x={8} y={middle - box.height / 2} title={t.empty} detail="" faint />}
        <Box x={right} y={middle - box.height / 2} title={t.runtime} detail={f.subaccount ? (kyma ? f.subaccount.displayName : t.noRuntime) : t.noSubaccount} faint={!kyma} />
      </svg>
    </div>
  );
}

const titleLength = 28;

function Box({ x, y, title, detail, faint }: { x: number; y: number; title: string; detail: string; faint?: boolean }) {
  return (
    <g class={"box" + (faint ? " box--faint" : "")}>
      {short(title, titleLength) !== title && <title>{title}</title>}
      <rect x={x} y={y} width={box.width} height={box.height} rx={10} />
      <text class="box__title" x={x + 14} y={y + (detail ? 22 : 31)}>
        {short(title, titleLength)}
      </text>
      <text class="box__detail" x={x + 14} y={y + 40}>
        {short(detail, 38)}
      </text>
    </g>
  );
}

function stateOf(f: Formation, system: string): string {
  const states = f.assignments.filter((a) => a.source.id === system || a.target.id === system).map((a) => a.state);
  return worst.find((s) => states.includes(s)) ?? "NONE";
}

function describe(f: Formation): string {
  return f.systems.map((s) => `${s.name}: ${t.states[stateOf(f, s.id)]}`).join("; ") || t.empty;
}

function short(text: string, most: number): string {
  return text.length > most ? text.slice(0, most - 1) + "…" : text;
}
