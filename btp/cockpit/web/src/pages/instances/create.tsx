// The wizard that creates a service instance: basic info, parameters, review.

import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { ServiceInstance, Subaccount, SubaccountOffering } from "../../api/types";
import { texts } from "../../texts";
import { Button } from "../../ui/button";
import { useAct } from "../../ui/confirm";
import { Dialog } from "../../ui/dialog";
import { Field, Select } from "../../ui/field";
import { RefusedBy } from "../../ui/message";
import { Facts } from "../../ui/page";

const t = texts.instances;

export function CreateInstance(p: { path: string; subaccount: Subaccount; offerings: SubaccountOffering[]; onClose: () => void; onCreated: (i: ServiceInstance) => void }) {
  const [step, setStep] = useState(0);
  const [serviceName, setService] = useState(p.offerings[0].name);
  const [planName, setPlan] = useState("");
  const [environment, setEnvironment] = useState(p.subaccount.environments[0] ?? "");
  const [systemName, setSystem] = useState("");
  const [name, setName] = useState("");
  const [parameters, setParameters] = useState("{}");

  const service = p.offerings.find((o) => o.name === serviceName) ?? p.offerings[0];
  const plan = service.plans.find((one) => one.name === planName) ?? service.plans[0];
  const systems = plan.systems ?? [];
  const system = systems.find((s) => s.name === systemName) ?? systems[0];
  const read = readObject(parameters);
  const { busy, refusal, run } = useAct(async () => {
    const body = { name, offering: service.name, plan: plan.name, parameters: read, ...(environment ? { place: { environment } } : {}) };
    const made = await send<ServiceInstance>("POST", p.path + "/serviceInstances", body);
    p.onClose();
    p.onCreated(made);
  });
  const next = () => {
    if (step === 0) setParameters(JSON.stringify(sample(plan.name, system?.name, name), null, 2));
    setStep(step + 1);
  };

  return (
    <Dialog
      title={t.create}
      wide
      onClose={p.onClose}
      footer={
        <>
          {step > 0 && <Button onClick={() => setStep(step - 1)}>{texts.common.back}</Button>}
          {step < 2 ? (
            <Button look="emphasized" disabled={step === 0 ? name === "" : !read} onClick={next}>
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
      <ol class="steps" aria-label={t.stepsLabel}>
        {t.steps.map((title, i) => (
          <li key={title} class={i < step ? "done" : ""} aria-current={i === step ? "step" : undefined}>
            {title}
          </li>
        ))}
      </ol>
      {step === 0 && (
        <div class="register">
          <Field label={t.service} hint={service.description} required>
            {(id, note) => <Select id={id} describedBy={note} value={service.name} onChange={setService} options={p.offerings.map((o) => ({ value: o.name, label: o.displayName || o.name }))} />}
          </Field>
          <Field label={t.plan} hint={plan.description} required>
            {(id, note) => <Select id={id} describedBy={note} value={plan.name} onChange={setPlan} options={service.plans.map((one) => ({ value: one.name, label: one.name }))} />}
          </Field>
          <Field label={t.environment}>{(id) => <Select id={id} value={environment} onChange={setEnvironment} options={p.subaccount.environments.map((e) => ({ value: e, label: t.environments[e] ?? e }))} />}</Field>
          {systems.length > 0 && <Field label={t.systemName}>{(id) => <Select id={id} value={system.name} onChange={setSystem} options={systems.map((s) => ({ value: s.name, label: s.name }))} />}</Field>}
          <Field label={t.instanceName} required>
            {(id) => <input id={id} class="fd-input" value={name} autocomplete="off" spellcheck={false} onInput={(e) => setName(e.currentTarget.value)} />}
          </Field>
        </div>
      )}
      {step === 1 && (
        <Field label={t.parameters} hint={t.parametersHint} error={read ? undefined : t.badJSON}>
          {(id, note) => <textarea id={id} class="fd-textarea mono" rows={14} spellcheck={false} aria-describedby={note} value={parameters} onInput={(e) => setParameters(e.currentTarget.value)} />}
        </Field>
      )}
      {step === 2 && (
        <>
          <Facts
            facts={[
              [t.instanceName, name],
              [t.service, service.displayName || service.name],
              [t.plan, plan.name],
              [t.environment, t.environments[environment] ?? environment],
              [t.systemName, system?.name],
            ]}
          />
          <pre class="code">{JSON.stringify(read, null, 2)}</pre>
        </>
      )}
      {refusal && <RefusedBy refusal={refusal} />}
    </Dialog>
  );
}

// readObject is the JSON object in a text, undefined if there is none.
function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

// sample is what a reader begins with (sap-domain §11, §12).
function sample(plan: string, systemName: string | undefined, name: string): object {
  switch (systemName && plan) {
    case "api-access":
      return {
        systemName,
        communicationArrangement: { communicationArrangementName: name.toUpperCase().replace(/[^A-Z0-9_-]+/g, "_"), scenarioId: "SAP_COM_0207", inboundAuthentication: "BasicAuthentication" },
      };
    case "messaging":
      return { systemName, emClientId: "mkt1" };
    default:
      return {};
  }
}
