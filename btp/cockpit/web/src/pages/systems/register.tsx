// The dialog Register System (v1) or Add System (v2).

import { useState } from "preact/hooks";
import { useGlobalAccount, useList } from "../../api/account";
import { send } from "../../api/client";
import type { System, SystemType } from "../../api/types";
import { edition } from "../../api/words";
import { texts } from "../../texts";
import { Button } from "../../ui/button";
import { useAct } from "../../ui/confirm";
import { Dialog } from "../../ui/dialog";
import { Field, Select } from "../../ui/field";
import { formatSpan } from "../../ui/format";
import { RefusedBy } from "../../ui/message";

const t = texts.register;

// RegisterSystem tells whether a token pairs the new system: a third party's needs none.
export function RegisterSystem(p: { type?: string; onClose: () => void; onRegistered: (system: System, byToken: boolean) => void }) {
  const { account } = useGlobalAccount();
  const types = useList<SystemType>("systemTypes").data?.items ?? [];
  const systems = useList<System>("systems").data?.items ?? [];
  const [name, setName] = useState("");
  const [typeName, setType] = useState(p.type ?? "");
  const type = types.find((s) => s.name === typeName) ?? types[0];
  const { busy, refusal, run } = useAct(async () => {
    p.onRegistered(await send<System>("POST", `/api/v1/globalAccounts/${account!.id}/systems`, { name, type: type.name }), type.pairedByToken);
  });
  const taken = systems.some((s) => s.name === name);

  const nameField = (
    <Field key="name" label={t.name} hint={t.nameHint} error={taken ? t.taken : undefined} required>
      {(id, note) => <input id={id} class="fd-input" value={name} maxLength={100} required autofocus autocomplete="off" spellcheck={false} aria-describedby={note} aria-invalid={taken} onInput={(e) => setName(e.currentTarget.value)} />}
    </Field>
  );
  const typeField = (
    <Field key="type" label={t.type} hint={type && (type.pairedByToken ? t.typeHint(formatSpan(type.tokenValiditySeconds)) : texts.systemTypes.noTokenHint)} required>
      {(id, note) => <Select id={id} describedBy={note} value={type?.name ?? ""} onChange={setType} options={types.map((s) => ({ value: s.name, label: s.name }))} />}
    </Field>
  );
  const v1 = edition().tokenAtRegistration;
  return (
    <Dialog
      title={edition().registerVerb}
      onClose={p.onClose}
      footer={
        <>
          <Button look="emphasized" submit form="register" disabled={busy || name === "" || !type}>
            {v1 ? t.go : t.add}
          </Button>
          <Button look="transparent" onClick={p.onClose}>
            {texts.common.cancel}
          </Button>
        </>
      }
    >
      {/* v1 asks for the name first, v2 for the type (sap-domain §0.2). */}
      <form
        id="register"
        class="register"
        onSubmit={(e) => {
          e.preventDefault();
          if (name !== "" && type) void run();
        }}
      >
        {v1 ? [nameField, typeField] : [typeField, nameField]}
      </form>
      {refusal && <RefusedBy refusal={refusal} />}
    </Dialog>
  );
}
