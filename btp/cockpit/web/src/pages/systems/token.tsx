// The dialog that shows a token: what to copy, and how long it is valid.

import { useEffect, useState } from "preact/hooks";
import { get, Refusal, send } from "../../api/client";
import { useQuery } from "../../api/query";
import { useTenants } from "../../api/tenants";
import type { List, System, SystemType, Token } from "../../api/types";
import { handOver } from "../../api/handover";
import { edition } from "../../api/words";
import { Link } from "../../app/router";
import { texts } from "../../texts";
import { Button } from "../../ui/button";
import { Copy } from "../../ui/copy";
import { Countdown } from "../../ui/countdown";
import { Dialog } from "../../ui/dialog";
import { RefusedBy } from "../../ui/message";

const t = texts.token;
type Form = keyof typeof t.forms;

// TokenDialog shows token; without one it asks for it as the edition's button does: a
// type that shows its token again is asked for that, the others make a new one.
export function TokenDialog(p: { system: System; token?: Token; onClose: () => void }) {
  const types = useQuery("systemTypes", () => get<List<SystemType>>("/api/v1/systemTypes")).data?.items;
  const type = types?.find((s) => s.name === p.system.type);
  const [token, setToken] = useState(p.token);
  const [form, setForm] = useState<Form>("tokenUrl");
  const [refusal, setRefusal] = useState<Refusal>();
  const [busy, setBusy] = useState(false);

  const ask = async (read: () => Promise<Token>) => {
    setBusy(true);
    setRefusal(undefined);
    try {
      setToken(await read());
    } catch (e) {
      setRefusal(e as Refusal);
    }
    setBusy(false);
  };
  const make = () => send<Token>("POST", `/api/v1/systems/${p.system.id}/tokens`, {});
  const present = () =>
    get<Token>(`/api/v1/systems/${p.system.id}/token`).catch((e: Refusal) => {
      if (e.status === 409 || e.status === 410 || e.status === 404) return make(); // there is none to show
      throw e;
    });
  useEffect(() => {
    if (type && !token && !busy) void ask(type.showsPresentToken ? present : make);
  }, [type]);

  const text = token?.[form] ?? "";
  return (
    <Dialog
      title={t.title(edition().tokenName, p.system.name)}
      wide
      onClose={p.onClose}
      footer={
        <>
          <Button onClick={() => ask(make)} disabled={busy}>
            {t.another}
          </Button>
          <Button look="emphasized" onClick={p.onClose}>
            {texts.common.close}
          </Button>
        </>
      }
    >
      {token && (
        <>
          <fieldset class="plain">
            <legend class="sr-only">{t.formsLabel}</legend>
            <div class="segments">
              {(Object.keys(t.forms) as Form[]).map((f) => (
                <label key={f}>
                  <input type="radio" name="form" checked={form === f} onChange={() => setForm(f)} />
                  {t.forms[f]}
                </label>
              ))}
            </div>
          </fieldset>
          <div class="copy">
            <textarea class="fd-textarea mono" readOnly rows={4} aria-label={t.forms[form]} value={text} onFocus={(e) => e.currentTarget.select()} />
            <Copy text={text} what={t.forms[form]} />
          </div>
          <Countdown from={token.issuedAt} until={token.expiresAt} />
          <p>{t.formHint[p.system.type]}</p>
          <p class="hint">
            {t.whom} {t.voids}
          </p>
          <TenantsFor system={p.system} token={token} onClose={p.onClose} />
        </>
      )}
      {refusal && <RefusedBy refusal={refusal} />}
    </Dialog>
  );
}

// TenantsFor leads to the consoles where the token can be used.
function TenantsFor({ system, token, onClose }: { system: System; token: Token; onClose: () => void }) {
  const tenants = useTenants().data?.filter((one) => one.product === system.type) ?? [];
  if (tenants.length === 0) return null;
  return (
    <p class="chips">
      {t.tenant}:
      {tenants.map((one) => (
        <Link
          key={one.id}
          to={"tenants/" + one.id}
          onClick={() => {
            handOver({ system: system.name, type: system.type, token: token.tokenUrl });
            onClose();
          }}
        >
          {one.id}
        </Link>
      ))}
    </p>
  );
}
