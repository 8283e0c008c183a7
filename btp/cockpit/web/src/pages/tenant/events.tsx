// Events that a tenant sends: the types that its product announces, with examples.

import { useState } from "preact/hooks";
import { get, send } from "../../api/client";
import { useQuery } from "../../api/query";
import type { Tenant } from "../../api/types";
import { texts } from "../../texts";
import { Button } from "../../ui/button";
import { useAct } from "../../ui/confirm";
import { Field, Select } from "../../ui/field";
import { Message, RefusedBy } from "../../ui/message";

const t = texts.tenant;

interface AsyncAPI {
  channels: Record<string, { subscribe: { message: { examples?: { payload: object }[] } } }>;
}

export function Events({ tenant, path }: { tenant: Tenant; path: string }) {
  const product = t.consoles[tenant.product]?.short;
  const announced = useQuery(product && "events of " + tenant.id, () => get<AsyncAPI>(`${path}/specifications/${product}-events`)).data?.channels ?? {};
  const types = Object.keys(announced).sort();
  // What has an example comes first to mind.
  const first = types.find((name) => announced[name].subscribe.message.examples) ?? types[0] ?? "";
  const [chosen, choose] = useState<string>();
  const [written, write] = useState<string>();
  const [sent, setSent] = useState("");
  const type = chosen ?? first;
  const example = announced[type]?.subscribe.message.examples?.[0]?.payload ?? {};
  const payload = written ?? JSON.stringify(example, null, 2);
  const data = parse(payload);
  const { busy, refusal, run } = useAct(async () => {
    setSent("");
    // The last part of an announced type is its version.
    const [, name, version] = /^(.*)\.(v\d+)$/.exec(type) ?? [undefined, type, "v1"];
    const answer = await send<{ eventId: string }>("POST", path + "/events", { type: name, version, data });
    setSent(t.sent(answer.eventId));
  });
  return (
    <div class="card register">
      <Field label={t.eventType}>
        {(id) => (
          <Select
            id={id}
            value={type}
            onChange={(name) => {
              choose(name);
              write(undefined);
            }}
            options={types.map((name) => ({ value: name, label: name }))}
          />
        )}
      </Field>
      <Field label={t.payload} error={data ? undefined : t.badJSON}>
        {(id, note) => <textarea id={id} class="fd-textarea mono" rows={7} spellcheck={false} aria-describedby={note} value={payload} onInput={(e) => write(e.currentTarget.value)} />}
      </Field>
      <div>
        <Button look="emphasized" icon="send" disabled={busy || !data || type === ""} why={tenant.connection ? undefined : t.notConnected} onClick={run}>
          {t.send}
        </Button>
      </div>
      {sent && (
        <Message tone="success" live>
          {sent}
        </Message>
      )}
      {refusal && <RefusedBy refusal={refusal} />}
    </div>
  );
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
