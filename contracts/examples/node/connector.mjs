// The beginning of a connector in Node: it asks the registry what it is, and presents an integration token.

export class Refused extends Error {
  constructor(status, reason) {
    super(`the registry answered ${status} (${reason})`);
    this.reason = reason;
  }
}

async function get(url, headers = {}) {
  const res = await fetch(url, { headers });
  if (!res.ok) throw new Refused(res.status, res.headers.get('Pairsim-Reason'));
  return res.json();
}

export async function present(registry, token) {
  const { edition } = await get(`${registry}/.well-known/pairsim-configuration`);
  const info = await get(`${registry}/v1/applications/signingRequests/info?token=${encodeURIComponent(token)}`);
  return { edition, csrUrl: info.csrUrl, subject: info.certificate.subject };
}
