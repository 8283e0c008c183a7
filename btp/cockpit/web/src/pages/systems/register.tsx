// The dialog Register System (v1) or Add System (v2).

import { useState } from "preact/hooks";
import { useGlobalAccount, useList } from "../../api/account";
import { get, send } from "../../api/client";
import { useQuery } from "../../api/query";
import type { List, System, SystemType } from "../../api/types";
import { edition } from "../../api/words";
import { texts } from "../../texts";
import { Button } from "../../ui/button";
import { useAct } from "../../ui/confirm";
import { Dialog } from "../../ui/dialog";
import { Field, Select } from "../../ui/field";
import { formatSpan } from "../../ui/format";
import { RefusedBy } from "../../ui/message";

const t = texts.register;

export function RegisterSystem(p: { onClose: () => void; onRegistered: (system: System) => void }) {
  const { account } = useGlobalAccount();
  const types = useQuery("systemTypes", () => get<List<SystemType>>("/api/v1/systemTypes")).data?.items ?? [];
  const systems = useList<System>("systems").data?.items ?? [];
  const [name, setName] = useState("");
  const [typeName, setType] = useState("");
  const type = types.find((s) => s.name === typeName) ?? types[0];
  const { busy, refusal, run } = useAct(async () => {
    p.onRegistered(await send<System>("POST", `/api/v1/globalAccounts/${account!.id}/systems`, { name, type: type.name }));
  });
  const taken = systems.some((s) => s.name === name);

  const nameField = (
    <Field key="name" label={t.name} hint={t.nameHint} error={taken ? t.taken : undefined} required>
      {(id, note) => <input id={id} class="fd-input" value={name} maxLength={100} required autofocus autocomplete="off" spellcheck={false} aria-describedby={note} aria-invalid={taken} onInput={(e) => setName(e.currentTarget.value)} />}
    </Field>
  );
  const typeField = (
    <Field key="type" label={t.type} hint={type && t.typeHint(formatSpan(type.tokenValiditySeconds))} required>
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
