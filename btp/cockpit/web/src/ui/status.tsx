import type { Label } from "../api/types";
import { texts } from "../texts";

type Tone = "positive" | "negative" | "critical" | "informative" | "neutral";

// tones are how a status looks, by its code: systems, formations, tokens, certificates.
const tones: Record<string, Tone> = {
  registered: "positive",
  ready: "positive",
  valid: "positive",
  live: "positive",
  READY: "positive",
  succeeded: "positive",
  enabled: "positive",
  pending: "critical",
  actionRequired: "critical",
  draft: "neutral",
  waiting: "informative",
  renewalBlocked: "critical",
  expired: "critical",
  deregistering: "informative",
  removing: "informative",
  synchronizing: "informative",
  inProgress: "informative",
  "in progress": "informative",
  INITIAL: "informative",
  CONFIG_PENDING: "informative",
  DELETING: "informative",
  error: "negative",
  failed: "negative",
  deregisterError: "negative",
  removeError: "negative",
  dead: "negative",
  revoked: "negative",
  open: "negative",
  CREATE_ERROR: "negative",
  DELETE_ERROR: "negative",
};

export function toneOf(code: string): Tone {
  return tones[code] ?? "neutral";
}

// Status is a badge. A status without a label, which v2 has, says so.
export function Status({ status }: { status: Label }) {
  if (!status.label) return <span class="hint">{texts.common.noStatus}</span>;
  return <Badge code={status.code} label={status.label} />;
}

export function Badge({ code, label }: { code: string; label?: string }) {
  return <span class={"badge badge--" + toneOf(code)}>{label ?? code}</span>;
}
