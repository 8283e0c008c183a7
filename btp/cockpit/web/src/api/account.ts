// The global account and the subaccount that the reader works in: kept for the tab.

import { useEffect, useState } from "preact/hooks";
import { all, get } from "./client";
import { listeners } from "./listeners";
import { useQuery, type Answer } from "./query";
import type { GlobalAccount, List, Subaccount } from "./types";

const chosen = listeners<void>();

function useChoice(key: string): [string | null, (id: string) => void] {
  const [id, set] = useState(sessionStorage.getItem(key));
  useEffect(() => {
    set(sessionStorage.getItem(key));
    return chosen.listen(() => set(sessionStorage.getItem(key)));
  }, [key]);
  return [
    id,
    (choice) => {
      sessionStorage.setItem(key, choice);
      chosen.tell();
    },
  ];
}

// useGlobalAccount is the chosen global account, the first unless one is chosen.
export function useGlobalAccount() {
  const accounts = useQuery("accounts", () => get<List<GlobalAccount>>("/api/v1/globalAccounts"));
  const [id, choose] = useChoice("pairsim.globalAccount");
  const items = accounts.data?.items ?? [];
  return { items, account: items.find((a) => a.id === id) ?? items[0], choose, refusal: accounts.refusal };
}

// useSubaccount is the chosen subaccount of the chosen global account.
export function useSubaccount() {
  const { account } = useGlobalAccount();
  const path = account && `/api/v1/globalAccounts/${account.id}/subaccounts`;
  const subaccounts = useQuery(path, () => get<List<Subaccount>>(path!));
  const [id, choose] = useChoice("pairsim.subaccount");
  const items = subaccounts.data?.items ?? [];
  return { items, subaccount: items.find((s) => s.id === id) ?? items[0], choose, loaded: subaccounts.data !== undefined };
}

// useList reads a list of the chosen global account: systems, formations, incidents.
export function useList<T>(what: string): Answer<List<T>> {
  const { account, refusal } = useGlobalAccount();
  const path = account && `/api/v1/globalAccounts/${account.id}/${what}`;
  const list = useQuery(path, () => all<T>(path!));
  return { ...list, loading: list.loading || (!account && !refusal), refusal: list.refusal ?? refusal };
}
