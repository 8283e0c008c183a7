// What the references mean that refusals, steps and statuses name.

import { get } from "../api/client";
import { useQuery } from "../api/query";
import type { List, SourceDocument } from "../api/types";
import { Link, useParameter } from "../app/router";
import { texts } from "../texts";
import { Page as PageFrame } from "../ui/page";
import { Empty, Table } from "../ui/table";

const t = texts.documents;

export function Page() {
  const [of] = useParameter("of");
  const path = "/cockpit/documents.json" + (of ? "?of=" + encodeURIComponent(of) : "");
  const documents = useQuery(path, () => get<List<SourceDocument>>(path));
  return (
    <PageFrame title={of || texts.navigation.documents} up={of ? { to: "documents", title: texts.navigation.documents } : undefined} intro={t.intro} of={documents}>
      <Table
        caption={of || texts.navigation.documents}
        rows={documents.data?.items ?? []}
        keyOf={(d) => d.name}
        columns={[
          { key: "name", title: t.reference, render: (d) => <span class="mono">{d.name}</span> },
          { key: "what", title: t.what, render: (d) => <What document={d} /> },
          { key: "where", title: t.where, render: (d) => d.where },
        ]}
        empty={
          <Empty title={t.unknown}>
            <Link to="documents">{t.toList}</Link>
          </Empty>
        }
      />
    </PageFrame>
  );
}

function What({ document: d }: { document: SourceDocument }) {
  return (
    <>
      {d.title}
      {d.sections && (
        <ul class="sections">
          {d.sections.map((s) => (
            <li key={s.number} class="hint">
              §{s.number} {s.title}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
