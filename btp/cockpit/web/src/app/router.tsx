// Addresses of pages: every page has one of its own, below /cockpit/.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { prefix } from "../api/client";
import { listeners } from "../api/listeners";

const base = prefix + "/cockpit/";
const moves = listeners<void>();

// here is where the reader is, below the base, without query: "systems/1".
function here(): string {
  return location.pathname.slice(base.length).replace(/\/$/, "");
}

// navigate leads to a page, as a link to it would.
export function navigate(to: string, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", base + to);
  if (!replace) scrollTo(0, 0);
  moves.tell();
}

addEventListener("popstate", () => moves.tell());

export function usePlace(): string {
  const [place, setPlace] = useState(here());
  useEffect(() => {
    setPlace(here()); // it may have changed before anybody listened
    return moves.listen(() => setPlace(here()));
  }, []);
  return place;
}

// useParameter is a parameter of the address's query, such as a filter: it stays with a link.
export function useParameter(name: string): [string, (value: string) => void] {
  const read = () => new URLSearchParams(location.search).get(name) ?? "";
  const [value, setValue] = useState(read());
  useEffect(() => {
    setValue(read());
    return moves.listen(() => setValue(read()));
  }, [name]);
  return [
    value,
    (next) => {
      const query = new URLSearchParams(location.search);
      if (next) query.set(name, next);
      else query.delete(name);
      const text = query.toString();
      navigate(here() + (text ? "?" + text : ""), true);
    },
  ];
}

export const href = (to: string) => base + to;

// Link leads to a page. A click with a modifier opens it elsewhere, as for any link.
export function Link(props: { to: string; class?: string; current?: boolean; children: ComponentChildren; onClick?: () => void }) {
  return (
    <a
      href={href(props.to)}
      class={props.class ?? "fd-link"}
      aria-current={props.current ? "page" : undefined}
      onClick={(e) => {
        if (e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
        e.preventDefault();
        props.onClick?.();
        navigate(props.to);
      }}
    >
      {props.children}
    </a>
  );
}
