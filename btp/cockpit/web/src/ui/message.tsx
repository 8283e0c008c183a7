import type { ComponentChildren } from "preact";
import type { Refusal } from "../api/client";
import type { Failure } from "../api/types";
import { texts } from "../texts";
import { Icon, type IconName } from "./icon";
import { Source } from "./source";

export type Tone = "error" | "warning" | "success" | "information";
const icons: Record<Tone, IconName> = { error: "error", warning: "warning", success: "success", information: "info" };

export function Message(p: { tone: Tone; children: ComponentChildren; live?: boolean }) {
  return (
    <div class={"message fd-message-strip fd-message-strip--" + p.tone + " fd-message-strip--no-icon"} role={p.tone === "error" ? "alert" : p.live ? "status" : "note"}>
      <Icon name={icons[p.tone]} />
      <div class="message__text">{p.children}</div>
    </div>
  );
}

export function Refused(p: { title: string; detail?: string; next?: string; source?: string; blockers?: { id: string; kind?: string; name?: string }[] }) {
  return (
    <Message tone="error">
      <strong>{p.title}</strong>
      {p.detail && <span class="message__line">{p.detail}</span>}
      {p.blockers && p.blockers.length > 0 && (
        <ul class="message__blockers">
          {p.blockers.map((b) => (
            <li key={b.id}>{[b.kind, b.name ?? b.id].filter(Boolean).join(" ")}</li>
          ))}
        </ul>
      )}
      {p.next && <span class="message__line">{p.next}</span>}
      {p.source && (
        <span class="message__source">
          {texts.common.source}: <Source of={p.source} />
        </span>
      )}
    </Message>
  );
}

// Failed says why something stands in an error status, and where SAP takes the incident.
export function Failed({ status, failure }: { status: string; failure: Failure }) {
  return (
    <Message tone="error">
      <strong>{status}</strong>
      <span class="message__line">{failure.cause}</span>
      <span class="message__source">
        {failure.step && `${texts.incidents.step}: ${failure.step}. `}
        {failure.component && `${texts.incidents.component}: ${failure.component}.`}
      </span>
    </Message>
  );
}

// RefusedBy says what was refused, why, what to do next and which document says so.
export function RefusedBy({ refusal }: { refusal: Refusal }) {
  return <Refused title={refusal.title} detail={refusal.detail} next={refusal.next} source={refusal.source} blockers={refusal.blockers} />;
}
