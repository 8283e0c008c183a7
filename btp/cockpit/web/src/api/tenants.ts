// The tenants. Where access tokens are asked for, each has an administrator of its own:
// what the reader has not signed in to is known by its name alone.

import { get, holds, Refusal } from "./client";
import { useQuery, type Answer } from "./query";
import type { List, Tenant } from "./types";
import { words } from "./words";

export type SeenTenant = Pick<Tenant, "id" | "product"> & Partial<Tenant>;

// needsSignIn: a tenant asks for its administrator, and nobody has signed in.
export const needsSignIn = (id: string) => words().protected && !holds(`tenant ${id}`);

export function useTenants(): Answer<SeenTenant[]> {
  return useQuery("tenants", async () => {
    if (!words().protected) return (await get<List<Tenant>>("/tenants")).items;
    return Promise.all((words().tenants ?? []).map(look));
  });
}

async function look(known: { id: string; product: string }): Promise<SeenTenant> {
  if (needsSignIn(known.id)) return known;
  try {
    return await get<Tenant>("/tenants/" + encodeURIComponent(known.id));
  } catch (e) {
    if (e instanceof Refusal && (e.status === 401 || e.status === 403)) return known; // its console says why
    throw e;
  }
}
