import { get } from "../api/client";
import { useQuery } from "../api/query";
import type { Entry } from "../api/types";
import { texts } from "../texts";
import { formatInstant } from "./format";
import { Source } from "./source";
import { Badge } from "./status";
import { Empty, Table } from "./table";

const t = texts.history;
const tones: Record<string, string> = { refusal: "failed", transition: "registered", decision: "ready", request: "neutral", due: "waiting", call: "waiting" };

// History is what the journal holds about a system or a formation, newest first.
export function History({ of }: { of: { system?: string; formation?: string } }) {
  const about = of.system ? "system=" + encodeURIComponent(of.system) : "formation=" + encodeURIComponent(of.formation!);
  const entries = useQuery("history " + about, () => get<{ items: Entry[] }>("/control/journal?limit=1000&" + about));
  const rows = [...(entries.data?.items ?? [])].reverse();
  return (
    <Table
      caption={t.caption}
      rows={rows}
      keyOf={(e) => String(e.seq)}
      columns={[
        { key: "time", title: t.time, render: (e) => formatInstant(e.at) },
        { key: "kind", title: texts.common.type, render: (e) => <Badge code={tones[e.kind]} label={t.kinds[e.kind]} /> },
        {
          key: "what",
          title: t.what,
          render: (e) => (
            <>
              <span class="mono">{e.kind === "request" || e.kind === "call" ? [e.method, e.path, e.status || ""].join(" ") : (e.rule ?? e.point)}</span>
              {e.detail && <div class="hint">{e.detail}</div>}
            </>
          ),
        },
        { key: "source", title: t.source, narrow: true, render: (e) => e.source && <Source of={e.source} /> },
      ]}
      empty={<Empty title={t.empty} />}
    />
  );
}
