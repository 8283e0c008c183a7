// The details of a service instance, with its bindings.

import { useState } from "preact/hooks";
import { get, send } from "../api/client";
import { useQuery } from "../api/query";
import type { List, ServiceBinding, ServiceInstance } from "../api/types";
import { Link, navigate } from "../app/router";
import type { Parameters } from "../app/routes";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Confirm } from "../ui/confirm";
import { Copy } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";
import { formatInstant } from "../ui/format";
import { Refused } from "../ui/message";
import { Facts, Page as PageFrame } from "../ui/page";
import { Empty, Table } from "../ui/table";
import { Operation } from "./instances";

const t = texts.instance;

export function Page({ parameters: { id } }: { parameters: Parameters }) {
  const path = "/api/v1/serviceInstances/" + encodeURIComponent(id);
  const instance = useQuery("instance " + id, () => get<ServiceInstance>(path));
  const bindings = useQuery("bindings " + id, () => get<List<ServiceBinding>>(path + "/serviceBindings")).data?.items ?? [];
  const [binding, bind] = useState(false);
  const [deleting, remove] = useState(false);
  const [shown, show] = useState<ServiceBinding>();
  const [unbinding, unbind] = useState<ServiceBinding>();
  const i = instance.data;
  const up = { to: "instances", title: texts.navigation.instances };
  if (!i && instance.refusal?.status === 404) {
    return (
      <PageFrame title={t.gone} up={up}>
        <Empty title={t.goneDetail}>
          <Link to="instances">{t.toList}</Link>
        </Empty>
      </PageFrame>
    );
  }
  return (
    <PageFrame
      title={i?.name ?? texts.navigation.instance}
      up={up}
      of={instance}
      beside={i && <Operation of={i} />}
      actions={
        i && (
          <>
            <Button why={i.usable ? undefined : t.notUsable} onClick={() => bind(true)}>
              {t.bind}
            </Button>
            <Button why={bindings.length > 0 ? t.boundWhy : undefined} look={bindings.length > 0 ? undefined : "negative"} onClick={() => remove(true)}>
              {t.delete}
            </Button>
          </>
        )
      }
    >
      {i && (
        <>
          {i.operation.state === "failed" && <Refused title={t.failed} detail={i.operation.description} />}
          <div class="card">
            <Facts
              facts={[
                [texts.instances.service, i.offering],
                [texts.instances.plan, i.plan],
                [texts.instances.systemName, i.system && <Link to={"systems/" + i.system.id}>{i.system.name}</Link>],
                [texts.instances.environment, texts.instances.environments[i.place.environment ?? ""]],
                [texts.instances.place, i.place.space],
                [texts.common.created, formatInstant(i.createdAt)],
                [texts.common.changed, formatInstant(i.updatedAt)],
                [texts.common.id, <span class="mono">{i.id}</span>],
              ]}
            />
          </div>
          <section class="card">
            <h2 class="fd-title fd-title--h4">{t.bindings}</h2>
            <Table
              caption={t.bindings}
              rows={bindings}
              keyOf={(b) => b.id}
              columns={[
                { key: "name", title: texts.common.name, sort: (b) => b.name, render: (b) => b.name },
                { key: "created", title: texts.common.created, render: (b) => formatInstant(b.createdAt) },
                {
                  key: "actions",
                  title: texts.common.actions,
                  render: (b) => (
                    <span class="chips">
                      <Button onClick={async () => show(await get<ServiceBinding>("/api/v1/serviceBindings/" + b.id))}>{t.show}</Button>
                      <Button onClick={() => unbind(b)}>{t.unbind}</Button>
                    </span>
                  ),
                },
              ]}
              empty={
                <Empty title={t.noBindings}>
                  <p>{t.noBindingsDetail}</p>
                </Empty>
              }
            />
          </section>
          <section class="card">
            <h2 class="fd-title fd-title--h4">{t.parameters}</h2>
            <pre class="code" tabIndex={0}>
              {JSON.stringify(i.parameters, null, 2)}
            </pre>
          </section>
          {binding && <Bind path={path} onClose={() => bind(false)} onBound={show} />}
          {shown && <Credentials binding={shown} onClose={() => show(undefined)} />}
          {unbinding && (
            <Confirm title={t.unbindTitle} verb={t.unbind} negative onClose={() => unbind(undefined)} act={() => send("DELETE", "/api/v1/serviceBindings/" + unbinding.id)}>
              <p>{t.unbindDetail(unbinding.name)}</p>
            </Confirm>
          )}
          {deleting && (
            <Confirm title={t.deleteTitle(i.name)} verb={t.delete} negative onClose={() => remove(false)} act={() => send("DELETE", path)} onDone={() => navigate("instances")}>
              <p>{t.deleteDetail}</p>
            </Confirm>
          )}
        </>
      )}
    </PageFrame>
  );
}

function Bind({ path, onClose, onBound }: { path: string; onClose: () => void; onBound: (b: ServiceBinding) => void }) {
  const [name, setName] = useState("");
  return (
    <Confirm title={t.bind} verb={t.bind} onClose={onClose} act={async () => onBound(await send<ServiceBinding>("POST", path + "/serviceBindings", name ? { name } : {}))}>
      <Field label={t.bindingName} hint={t.bindingHint}>
        {(id, note) => <input id={id} class="fd-input" value={name} aria-describedby={note} autocomplete="off" onInput={(e) => setName(e.currentTarget.value)} />}
      </Field>
    </Confirm>
  );
}

function Credentials({ binding, onClose }: { binding: ServiceBinding; onClose: () => void }) {
  const text = JSON.stringify(binding.credentials, null, 2);
  return (
    <Dialog
      title={t.credentials(binding.name)}
      wide
      onClose={onClose}
      footer={
        <Button look="emphasized" onClick={onClose}>
          {texts.common.close}
        </Button>
      }
    >
      <pre class="code" tabIndex={0}>
        {text}
      </pre>
      <div>
        <Copy text={text} what={t.credentials(binding.name)} />
      </div>
    </Dialog>
  );
}
