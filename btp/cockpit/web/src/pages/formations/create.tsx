// The wizard General Information > Include Systems > Review.

import { useState } from "preact/hooks";
import { useGlobalAccount, useList, useSubaccount } from "../../api/account";
import { get, send } from "../../api/client";
import { useQuery } from "../../api/query";
import type { Formation, FormationType, List, System } from "../../api/types";
import { edition } from "../../api/words";
import { texts } from "../../texts";
import { Button } from "../../ui/button";
import { useAct } from "../../ui/confirm";
import { Dialog } from "../../ui/dialog";
import { Field, Select } from "../../ui/field";
import { RefusedBy } from "../../ui/message";
import { Facts } from "../../ui/page";
import { Status } from "../../ui/status";
import { NothingFound } from "../../ui/table";

const t = texts.formations;

// manySystems are more than fit the dialog.
const manySystems = 8;

export function CreateFormation(p: { onClose: () => void; onCreated: (f: Formation) => void }) {
  const { account } = useGlobalAccount();
  const { items: subaccounts } = useSubaccount();
  const types = useQuery("formationTypes", () => get<List<FormationType>>("/api/v1/formationTypes")).data?.items ?? [];
  const systems = useList<System>("systems").data?.items ?? [];
  const [step, setStep] = useState(0);
  const [name, setName] = useState("");
  const [typeName, setType] = useState("");
  const [chosenSubaccount, setSubaccount] = useState<string>();
  const [chosen, setChosen] = useState<string[]>([]);
  const [search, setSearch] = useState("");

  const v1 = edition().formationStatuses.length === 0;
  const type = types.find((f) => f.name === typeName) ?? types[0];
  const subaccount = chosenSubaccount ?? subaccounts.find((s) => type && s.environments.includes(type.environment))?.id ?? "";
  const valid = new RegExp(edition().formationName).test(name);
  const fitting = systems.filter((s) => type?.systemTypes.includes(s.type));
  const found = fitting.filter((s) => s.name.toLowerCase().includes(search.toLowerCase()));
  const { busy, refusal, run } = useAct(async () => {
    const body = { name, systems: chosen, subaccount: subaccount || null, ...(v1 ? {} : { type: type.name }) };
    const made = await send<Formation>("POST", `/api/v1/globalAccounts/${account!.id}/formations`, body);
    p.onClose();
    p.onCreated(made);
  });
  const subaccountLabel = subaccounts.find((s) => s.id === subaccount)?.displayName ?? subaccount;

  return (
    <Dialog
      title={t.create}
      wide
      onClose={p.onClose}
      footer={
        <>
          {step > 0 && <Button onClick={() => setStep(step - 1)}>{texts.common.back}</Button>}
          {step < 2 ? (
            <Button key={step} look="emphasized" submit={step === 0} form={step === 0 ? "formation" : undefined} disabled={!valid || !type} onClick={step === 0 ? undefined : () => setStep(step + 1)}>
              {texts.common.next}
            </Button>
          ) : (
            <Button look="emphasized" disabled={busy} onClick={run}>
              {t.finish}
            </Button>
          )}
          <Button look="transparent" onClick={p.onClose}>
            {texts.common.cancel}
          </Button>
        </>
      }
    >
      <ol class="steps" aria-label={t.wizardLabel}>
        {t.wizard.map((title, i) => (
          <li key={title} class={i < step ? "done" : ""} aria-current={i === step ? "step" : undefined}>
            {title}
          </li>
        ))}
      </ol>
      {step === 0 && (
        <form
          id="formation"
          class="register"
          onSubmit={(e) => {
            e.preventDefault();
            if (valid && type) setStep(1);
          }}
        >
          <Field label={texts.common.name} hint={edition().formationNameRule} error={name !== "" && !valid ? edition().formationNameRule : undefined} required>
            {(id, note) => <input id={id} class="fd-input" value={name} maxLength={128} required autofocus autocomplete="off" spellcheck={false} aria-describedby={note} onInput={(e) => setName(e.currentTarget.value)} />}
          </Field>
          {!v1 && (
            <Field label={t.formationType} required>
              {(id) => <Select id={id} value={type?.name ?? ""} onChange={setType} options={types.map((f) => ({ value: f.name, label: f.name }))} />}
            </Field>
          )}
          <Field label={texts.common.subaccount}>
            {(id) => (
              <Select
                id={id}
                value={subaccount}
                onChange={setSubaccount}
                options={[...subaccounts.map((s) => ({ value: s.id, label: `${s.displayName || s.id} (${s.region})` })), ...(v1 ? [] : [{ value: "", label: t.noSubaccount }])]}
              />
            )}
          </Field>
        </form>
      )}
      {step === 1 && (
        <fieldset class="plain checks">
          <legend class="hint">{fitting.length === 0 ? t.noSystems : t.systemsHint}</legend>
          {fitting.length > manySystems && (
            <label>
              {texts.systems.searchLabel}
              <input class="fd-input" type="search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
            </label>
          )}
          {found.length === 0 && fitting.length > 0 && <NothingFound />}
          {found.map((s) => {
            const why = whyNotIncluded(s);
            return (
              <label key={s.id} class="check">
                <input
                  type="checkbox"
                  checked={chosen.includes(s.id)}
                  disabled={why !== undefined}
                  onChange={(e) => setChosen(e.currentTarget.checked ? [...chosen, s.id] : chosen.filter((id) => id !== s.id))}
                />
                <span>
                  {s.name} <span class="hint">{s.type}</span>
                  {why && <span class="actions__why">{why}</span>}
                </span>
                <span class="shell__space" />
                <Status status={s.status} />
              </label>
            );
          })}
        </fieldset>
      )}
      {step === 2 && (
        <Facts
          facts={[
            [texts.common.name, name],
            [t.formationType, type?.name],
            [texts.common.subaccount, subaccountLabel || t.noSubaccount],
            [t.systems, chosen.map((id) => systems.find((s) => s.id === id)?.name ?? id).join(", ") || texts.common.none],
          ]}
        />
      )}
      {refusal && <RefusedBy refusal={refusal} />}
    </Dialog>
  );
}

// whyNotIncluded says why a system cannot join a formation now; undefined: it can.
export function whyNotIncluded(s: System): string | undefined {
  if (s.status.code === "registered") return undefined;
  if (s.status.code !== "pending") return t.inStatus(s.status.label);
  return edition().pairFirst.includes(s.type) ? t.pairFirst(s.type) : undefined;
}
