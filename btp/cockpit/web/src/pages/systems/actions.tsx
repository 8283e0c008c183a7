// What can be done with a system, by the edition's table of moves; and the dialogs
// that do it.

import { send } from "../../api/client";
import type { Move, System, Token } from "../../api/types";
import { edition } from "../../api/words";
import { texts } from "../../texts";
import type { Action } from "../../ui/actions";
import { Confirm } from "../../ui/confirm";
import { MergeDialog } from "./merge";
import { TokenDialog } from "./token";

const t = texts.system;

export interface Asked {
  what: "token" | "deregister" | "remove" | "merge";
  system: System;
  token?: Token;
}

export function systemActions(s: System, ask: (a: Asked) => void): Action[] {
  const e = edition();
  const auto = s.discovery.mode === "auto";
  const actions: Action[] = [
    { label: e.tokenVerb, why: whyNot(s, "token requested", e.tokenVerb), act: () => ask({ what: "token", system: s }) },
    { label: e.deregisterVerb, why: whyNot(s, "deregistration requested", e.deregisterVerb) ?? holds(s), negative: true, act: () => ask({ what: "deregister", system: s }) },
  ];
  if (e.removeVerb) {
    actions.push({ label: e.removeVerb, why: whyNot(s, "removal requested", e.removeVerb) ?? (auto ? texts.merge.autoDiscovered : holds(s)), negative: true, act: () => ask({ what: "remove", system: s }) });
  }
  if (e.mergeVerb) {
    actions.push({ label: e.mergeVerb, why: auto ? (whyNot(s, "merge requested", e.mergeVerb) ?? holds(s)) : texts.merge.addedManually, act: () => ask({ what: "merge", system: s }) });
  }
  return actions;
}

// whyNot says why the status does not allow it; undefined: it does.
function whyNot(s: System, on: Move["on"], verb: string): string | undefined {
  const moves = edition().moves.filter((m) => m.on === on);
  if (moves.length > 0 && moves.every((m) => m.types && !m.types.includes(s.type))) return texts.systemTypes.needsNone;
  const here = moves.find((m) => m.from === s.status.code);
  if (here) return here.types && !here.types.includes(s.type) ? t.typesOnly(here.types.join(", ")) : undefined;
  if (moves.length === 0) return t.never(verb);
  const from = moves.filter((m) => !m.types || m.types.includes(s.type)).map((m) => label(m.from));
  return t.statusOnly(verb, from.join(", "));
}

function label(code: string): string {
  return edition().statuses.find((s) => s.code === code)?.label || texts.common.noStatus;
}

// holds says what keeps a system from leaving, as far as it is known: a row of the
// list does not tell.
function holds(s: System): string | undefined {
  const held = [...(s.formations ?? []).map((f) => t.formationNamed(f.name)), ...(s.entitlements ?? []).map((one) => t.entitlementNamed(one.plan, one.subaccount))];
  return held.length > 0 ? t.heldBy(held.join(", ")) : undefined;
}

export function SystemDialogs({ asked, onClose }: { asked: Asked | undefined; onClose: () => void }) {
  if (!asked) return null;
  const { system } = asked;
  switch (asked.what) {
    case "token":
      return <TokenDialog key={system.id} system={system} token={asked.token} onClose={onClose} />;
    case "deregister":
      return (
        <Confirm title={edition().deregisterVerb} verb={edition().deregisterVerb} negative onClose={onClose} act={() => send("POST", `/api/v1/systems/${system.id}/deregistration`, {})}>
          <p>{t.deregister(system.name)}</p>
          <p>{edition().removeVerb ? t.deregisterV2 : t.deregisterV1}</p>
        </Confirm>
      );
    case "remove":
      return (
        <Confirm title={edition().removeVerb} verb={edition().removeVerb} negative onClose={onClose} act={() => send("DELETE", `/api/v1/systems/${system.id}`)}>
          <p>{t.remove(system.name)}</p>
        </Confirm>
      );
    case "merge":
      return <MergeDialog key={system.id} system={system} onClose={onClose} />;
  }
}
