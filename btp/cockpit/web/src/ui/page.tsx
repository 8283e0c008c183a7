import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Answer } from "../api/query";
import { Link } from "../app/router";
import { texts } from "../texts";
import { Button } from "./button";
import { RefusedBy } from "./message";

// Page is a page's head and body. Refresh reads anew what live updates would bring
// too: the documents have it.
export function Page(p: {
  title: string;
  up?: { to: string; title: string };
  beside?: ComponentChildren;
  intro?: ComponentChildren;
  actions?: ComponentChildren;
  of?: Answer<unknown>;
  children: ComponentChildren;
}) {
  const [busy, setBusy] = useState(false);
  return (
    <section class="page" aria-busy={p.of?.loading || undefined}>
      {p.up && (
        <nav class="page__up" aria-label={texts.common.breadcrumb}>
          <Link to={p.up.to}>{p.up.title}</Link>
          <span aria-hidden="true"> / </span>
        </nav>
      )}
      <div class="page__head">
        <h1 class="fd-title fd-title--h2">{p.title}</h1>
        {p.beside}
        <span class="shell__space" />
        <div class="page__actions">
          {p.actions}
          {p.of && (
            <Button
              look="transparent"
              icon="refresh"
              disabled={busy}
              onClick={async () => {
                setBusy(true);
                await p.of!.refresh();
                setBusy(false);
              }}
            >
              {texts.common.refresh}
            </Button>
          )}
        </div>
      </div>
      {p.intro && <p class="page__intro">{p.intro}</p>}
      {p.of?.refusal && <RefusedBy refusal={p.of.refusal} />}
      {p.of?.loading && p.of.data === undefined ? <Loading /> : p.children}
    </section>
  );
}

export function Loading() {
  return (
    <p class="loading" role="status">
      {texts.common.loading}
    </p>
  );
}

// Facts are names with values.
export function Facts(p: { facts: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {p.facts
        .filter(([, value]) => value !== undefined && value !== "" && value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
