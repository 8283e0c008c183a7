// Which page stands at which address. A page is a file in ../pages that exports
// Page; a part of an address that begins with a colon is handed to it.

import type { ComponentType } from "preact";
import { texts } from "../texts";

export type Parameters = Record<string, string>;
type Loaded = { Page: ComponentType<{ parameters: Parameters }> };

export interface Route {
  path: string;
  // title is what the side navigation and the window call it.
  title: string;
  load: () => Promise<Loaded>;
}

const t = texts.navigation;

export const routes: Route[] = [
  { path: "", title: t.overview, load: () => import("../pages/overview") },
  { path: "story", title: t.story, load: () => import("../pages/story") },
  { path: "documents", title: t.documents, load: () => import("../pages/documents") },
  { path: "systems", title: t.systems, load: () => import("../pages/systems") },
  { path: "systemtypes", title: t.systemTypes, load: () => import("../pages/systemtypes") },
  { path: "systems/:id", title: t.system, load: () => import("../pages/system") },
  { path: "formations", title: t.formations, load: () => import("../pages/formations") },
  { path: "formations/:id", title: t.formation, load: () => import("../pages/formation") },
  { path: "entitlements", title: t.entitlements, load: () => import("../pages/entitlements") },
  { path: "instances", title: t.instances, load: () => import("../pages/instances") },
  { path: "instances/:id", title: t.instance, load: () => import("../pages/instance") },
  { path: "destinations", title: t.destinations, load: () => import("../pages/destinations") },
  { path: "destinations/:name", title: t.destination, load: () => import("../pages/destination") },
  { path: "eventmesh", title: t.eventMesh, load: () => import("../pages/eventmesh") },
  { path: "eventmesh/:instance", title: t.messageClient, load: () => import("../pages/messageclient") },
  { path: "runtime", title: t.runtime, load: () => import("../pages/runtime") },
  { path: "tenants", title: t.tenants, load: () => import("../pages/tenants") },
  { path: "tenants/:id", title: t.tenant, load: () => import("../pages/tenant") },
];

// navigation is the side navigation: groups of pages, by path.
export const navigation: { title: string; paths: string[] }[] = [
  { title: "", paths: ["", "story", "documents"] },
  { title: t.systemLandscape, paths: ["systems", "systemtypes", "formations"] },
  { title: t.services, paths: ["entitlements"] },
  { title: t.productSide, paths: ["tenants"] },
  { title: t.subaccount, paths: ["instances", "destinations", "eventmesh", "runtime"] },
];

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody typed it
  }
}

// routeOf finds the route of a place, and what the colons stand for there.
export function routeOf(place: string): { route: Route; parameters: Parameters } | undefined {
  const parts = place.split("/");
  for (const route of routes) {
    const pattern = route.path.split("/");
    if (pattern.length !== parts.length) continue;
    const parameters: Parameters = {};
    const fits = pattern.every((p, i) => {
      if (!p.startsWith(":")) return p === parts[i];
      parameters[p.slice(1)] = decoded(parts[i]);
      return parts[i] !== "";
    });
    if (fits) return { route, parameters };
  }
  return undefined;
}
