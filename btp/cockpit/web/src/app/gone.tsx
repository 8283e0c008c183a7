// What is left of the pages of an environment that was deleted, or ended by itself.

import { prefix } from "../api/client";
import { texts } from "../texts";
import { Empty } from "../ui/table";

const t = texts.shell;

export function EnvironmentGone() {
  return (
    <section class="page">
      <h1 class="fd-title fd-title--h2">{t.environmentGone(decodeURIComponent(prefix.replace("/env/", "")))}</h1>
      <Empty title={t.environmentGoneDetail}>
        <a class="fd-link" href="/cockpit/">
          {t.toDefault}
        </a>
      </Empty>
    </section>
  );
}
