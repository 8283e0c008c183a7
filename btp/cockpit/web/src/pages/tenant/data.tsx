// What a tenant holds, read through the product's own APIs.

import { useState } from "preact/hooks";
import { get, prefix, Refusal } from "../../api/client";
import { useQuery } from "../../api/query";
import type { List, ProductAPI } from "../../api/types";
import { texts } from "../../texts";
import { Select } from "../../ui/field";
import { RefusedBy } from "../../ui/message";
import { Loading } from "../../ui/page";
import { Empty, Table } from "../../ui/table";

const t = texts.tenant;
const most = 20;
const columns = 6;
type Row = Record<string, unknown>;
type Numbered = { row: Row; i: number };

// rest are the collections of the APIs that are no OData, which cannot be asked for
// theirs: path below the API, and where the rows stand in the answer.
const rest: Record<string, { name: string; path: string; rows: (answer: any) => Row[] }[]> = {
  "commerce-webservices": [{ name: "products", path: "/electronics/products/search?fields=FULL", rows: (a) => a.products ?? [] }],
  "fsm-service": [{ name: "serviceCall", path: "?dtos=ServiceCall.27", rows: (a) => (a.data ?? []).map((d: Row) => d.serviceCall as Row) }],
  "fsm-activity": [{ name: "activity", path: "?dtos=Activity.40", rows: (a) => (a.data ?? []).map((d: Row) => d.activity as Row) }],
};

export function DataBrowser({ path }: { path: string }) {
  const apis = useQuery("apis of " + path, () => get<List<ProductAPI>>(path + "/apis")).data?.items ?? [];
  const [identifier, choose] = useState("");
  const api = apis.find((a) => a.identifier === identifier) ?? apis[0];
  const sets = useQuery(api && api.served ? "collections of " + path + api.identifier : undefined, () => collections(api));
  const [name, setName] = useState("");
  const set = sets.data?.find((s) => s.name === name) ?? sets.data?.[0];
  const rows = useQuery(set && "rows of " + path + api.identifier + set.name, () => set!.read());
  if (!api) return <Loading />;
  return (
    <>
      <p class="hint">{t.dataHint}</p>
      <div class="bar">
        <label>
          {t.api}
          <Select value={api.identifier} onChange={choose} options={apis.map((a) => ({ value: a.identifier, label: a.name }))} />
        </label>
        {set && (
          <label>
            {t.collection}
            <Select value={set.name} onChange={setName} options={sets.data!.map((s) => ({ value: s.name, label: s.name }))} />
          </label>
        )}
      </div>
      {!api.served && <Empty title={t.elsewhere} />}
      {(sets.refusal ?? rows.refusal) && <RefusedBy refusal={(sets.refusal ?? rows.refusal)!} />}
      {rows.data && <Rows name={set!.name} rows={rows.data} />}
    </>
  );
}

function Rows({ name, rows }: { name: string; rows: Row[] }) {
  const shown = rows.slice(0, most);
  // The fields that say most: plain values that not all rows lack.
  const fields = [...new Set(shown.flatMap((r) => Object.keys(r)))].filter((f) => shown.some((r) => r[f] !== null && r[f] !== "" && typeof r[f] !== "object")).sort((a, b) => weight(a) - weight(b)).slice(0, columns);
  return (
    <>
      <Table
        caption={name}
        rows={shown.map((row, i) => ({ row, i }))}
        keyOf={(r) => String(r.i)}
        columns={fields.map((f) => ({ key: f, title: f, sort: (r: Numbered) => value(r.row[f]), render: (r: Numbered) => value(r.row[f]) }))}
        empty={<Empty title={t.noData} />}
      />
      {rows.length > most && <p class="hint">{t.firstOnes(most)}</p>}
    </>
  );
}

// weight puts first what tells rows apart for a person.
function weight(field: string): number {
  const kinds = [/name|subject|title|summary/i, /(^|[a-z])(id|code)$/i, /status|email|city|price|type/i];
  const at = kinds.findIndex((kind) => kind.test(field));
  return at < 0 ? kinds.length : at;
}

// value is a field as a person reads it: OData writes instants as /Date(ms)/.
function value(field: unknown): string {
  if (field === null || field === undefined) return "";
  const date = /^\/Date\((\d+)\)\/$/.exec(String(field));
  return date ? new Date(Number(date[1])).toISOString().replace("T", " ").slice(0, 19) : String(field);
}

async function collections(api: ProductAPI): Promise<{ name: string; read: () => Promise<Row[]> }[]> {
  const known = rest[api.identifier];
  if (known) return known.map((c) => ({ name: c.name, read: async () => c.rows(await ask(api, c.path)) }));
  const service = await ask(api, "/?$format=json");
  return (service.d.EntitySets as string[]).map((name) => ({ name, read: async () => (await ask(api, `/${name}?$format=json&$top=${most}`)).d.results }));
}

// ask calls a product's API as its clients do, with the credentials that the tenant
// registers; it is reached through the address of these pages.
async function ask(api: ProductAPI, path: string): Promise<any> {
  const here = (url: string) => {
    const p = new URL(url).pathname;
    return prefix !== "" && p.startsWith(prefix + "/") ? p : prefix + p;
  };
  const basic = (user: string, password: string) => "Basic " + btoa(user + ":" + password);
  let authorization = api.basic && basic(api.basic.username, api.basic.password);
  if (api.oauth) {
    const granted = await fetch(here(api.oauth.tokenUrl), {
      method: "POST",
      credentials: "omit",
      headers: { Authorization: basic(api.oauth.clientId, api.oauth.clientSecret), "Content-Type": "application/x-www-form-urlencoded" },
      body: "grant_type=client_credentials",
    });
    authorization = "Bearer " + (await granted.json()).access_token;
  }
  const answer = await fetch(here(api.targetUrl) + path, { credentials: "omit", headers: { Authorization: authorization ?? "", Accept: "application/json" } });
  if (!answer.ok) throw new Refusal(answer.status, "", api.name + ": " + answer.status, await answer.text(), "", "");
  return answer.json();
}
