import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Refusal } from "./client";
import { onChange } from "./live";

export interface Answer<T> {
  data?: T;
  refusal?: Refusal;
  loading: boolean;
  refresh(): Promise<void>;
}

// What was read last, so that a page that is opened again shows it at once.
const cache = new Map<string, unknown>();

// useQuery reads something under a key, again whenever something changed. An
// undefined key reads nothing.
export function useQuery<T>(key: string | undefined, read: () => Promise<T>): Answer<T> {
  const [, render] = useState(0);
  const state = useRef<{ key?: string; data?: T; refusal?: Refusal; loading: boolean; asked: number }>({ loading: false, asked: 0 });
  const s = state.current;
  if (s.key !== key) {
    s.key = key;
    s.data = key === undefined ? undefined : (cache.get(key) as T | undefined);
    s.refusal = undefined;
    s.loading = key !== undefined;
  }
  const latest = useRef(read);
  latest.current = read;

  const refresh = useCallback(async () => {
    if (key === undefined) return;
    const asked = ++s.asked;
    try {
      const data = await latest.current();
      if (asked !== s.asked || s.key !== key) return; // a later answer counts
      cache.set(key, data);
      s.data = data;
      s.refusal = undefined;
    } catch (e) {
      if (asked !== s.asked || s.key !== key) return;
      s.refusal = e instanceof Refusal ? e : new Refusal(0, "page", "This page failed", String(e), "Reload it.", "");
      if (s.refusal.status === 404) s.data = undefined;
    }
    s.loading = false;
    render((n) => n + 1);
  }, [key]);

  useEffect(() => {
    void refresh();
    return onChange(() => void refresh());
  }, [refresh]);

  return { data: s.data, refusal: s.refusal, loading: s.loading, refresh };
}
