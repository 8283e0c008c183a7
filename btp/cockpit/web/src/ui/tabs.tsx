import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useParameter } from "../app/router";

export interface Tab {
  id: string;
  title: string;
  count?: number;
  render: () => ComponentChildren;
}

// Tabs are tabs, the chosen one in the address. Arrow keys move between them.
export function Tabs(p: { label: string; tabs: Tab[] }) {
  const [chosen, choose] = useParameter("tab");
  const list = useRef<HTMLDivElement>(null);
  const tab = p.tabs.find((t) => t.id === chosen) ?? p.tabs[0];
  const move = (by: number) => {
    const next = p.tabs[(p.tabs.indexOf(tab) + by + p.tabs.length) % p.tabs.length];
    choose(next.id);
    list.current?.querySelector<HTMLElement>("#tab-" + next.id)?.focus();
  };
  return (
    <>
      <div ref={list} class="tabs" role="tablist" aria-label={p.label}>
        {p.tabs.map((t) => (
          <button
            key={t.id}
            id={"tab-" + t.id}
            type="button"
            role="tab"
            class="tabs__tab"
            aria-selected={t === tab}
            aria-controls="tab-panel"
            tabIndex={t === tab ? 0 : -1}
            onClick={() => choose(t.id)}
            onKeyDown={(e) => {
              if (e.key === "ArrowRight") move(1);
              if (e.key === "ArrowLeft") move(-1);
            }}
          >
            {t.title}
            {t.count !== undefined && <span class="tabs__count">{t.count}</span>}
          </button>
        ))}
      </div>
      <div id="tab-panel" class="tabs__panel" role="tabpanel" aria-labelledby={"tab-" + tab.id} tabIndex={0}>
        {tab.render()}
      </div>
    </>
  );
}
