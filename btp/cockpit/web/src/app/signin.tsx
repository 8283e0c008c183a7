// Asked for only where the server was started with --control-key or --auth.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { get, keep, noAnswer, prefix, Refusal, type Door } from "../api/client";
import { useQuery } from "../api/query";
import { words } from "../api/words";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Field } from "../ui/field";
import { RefusedBy } from "../ui/message";

const t = texts.signIn;

// SignIn shows its children to who may see them.
export function SignIn({ children }: { children: ComponentChildren }) {
  const control = useQuery("door of control", () => get("/control/clock"));
  const api = useQuery(words().protected ? "door of the API" : undefined, () => get("/api/v1/globalAccounts"));
  if (control.refusal?.status === 401) return <ControlKey />;
  if (api.refusal?.status === 401) return <AccessToken />;
  return <>{children}</>;
}

function ControlKey() {
  const [key, setKey] = useState("");
  return (
    <form
      class="card signin"
      onSubmit={(e) => {
        e.preventDefault();
        keep("control", key);
        location.reload();
      }}
    >
      <h1 class="fd-title fd-title--h4">{t.controlTitle}</h1>
      <p>{t.controlDetail}</p>
      <Field label={t.controlKey}>{(id) => <input id={id} class="fd-input" type="password" autocomplete="off" value={key} onInput={(e) => setKey(e.currentTarget.value)} />}</Field>
      <Button look="emphasized" submit>
        {t.go}
      </Button>
    </form>
  );
}

function AccessToken() {
  return (
    <section class="card signin">
      <h1 class="fd-title fd-title--h4">{t.apiTitle}</h1>
      <p>{t.apiDetail}</p>
      <ClientForm door="api" />
    </section>
  );
}

// TenantSignIn is how the administrator of a tenant comes in: a role in a global account
// is none in a tenant.
export function TenantSignIn({ id, product, refusal }: { id: string; product: string; refusal?: Refusal }) {
  return (
    <section class="card signin" aria-label={t.tenantTitle(id)}>
      <h2 class="fd-title fd-title--h4">{t.tenantTitle(id)}</h2>
      <p>{t.tenantDetail(product)}</p>
      <p class="hint">
        {t.tenantHow} <code class="mono">{`pairsim auth client create --role tenantAdministrator --tenant ${id}`}</code>
      </p>
      {refusal && <RefusedBy refusal={refusal} />}
      <ClientForm door={`tenant ${id}`} />
    </section>
  );
}

// ClientForm asks for an OAuth client and gets its access token.
function ClientForm({ door }: { door: Door }) {
  const [client, setClient] = useState("");
  const [secret, setSecret] = useState("");
  const [refusal, setRefusal] = useState<Refusal>();
  const ask = async () => {
    setRefusal(undefined);
    try {
      keep(door, await accessToken(client, secret));
    } catch (e) {
      setRefusal(e as Refusal);
    }
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        void ask();
      }}
    >
      <Field label={t.client}>{(id) => <input id={id} class="fd-input" autocomplete="off" value={client} onInput={(e) => setClient(e.currentTarget.value)} />}</Field>
      <Field label={t.secret}>{(id) => <input id={id} class="fd-input" type="password" autocomplete="off" value={secret} onInput={(e) => setSecret(e.currentTarget.value)} />}</Field>
      {refusal && <RefusedBy refusal={refusal} />}
      <Button look="emphasized" submit>
        {t.go}
      </Button>
    </form>
  );
}

async function accessToken(client: string, secret: string): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(prefix + "/oauth/token", {
      method: "POST",
      credentials: "omit", // a refusal is shown here, not by the browser's own dialog
      headers: { Authorization: "Basic " + btoa(encodeURIComponent(client) + ":" + encodeURIComponent(secret)), "Content-Type": "application/x-www-form-urlencoded" },
      body: "grant_type=client_credentials",
    });
  } catch {
    throw noAnswer();
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, body.error ?? "", t.refused, body.error_description ?? "", t.next, "");
  return body.access_token;
}
