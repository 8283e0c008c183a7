// The token that the cockpit shows, on its way to a tenant's console in the same
// tab: in memory only, as long as nobody reloads the page.

export interface HandedOver {
  system: string;
  type: string;
  token: string;
}

let last: HandedOver | undefined;

export function handOver(token: HandedOver) {
  last = token;
}

// handedOver is the last token for a product, undefined if there is none.
export function handedOver(product: string): HandedOver | undefined {
  return last?.type === product ? last : undefined;
}
