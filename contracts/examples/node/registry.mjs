// A registry in Node, as far as presenting an integration token goes, with a state-change endpoint: a worked example of
// a foreign side that is verified against pairsim's pacts (docs/guides/contracts-provider.md).
//   node registry.mjs [PORT]     prints its base URL
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';

const lifetime = { 'SAP Marketing Cloud': 7 * 24 * 3600 }; // seconds; 600 for all others
let now = Date.UTC(2030, 0, 1, 10) / 1000;
let tokens = new Map(); // token → {type, issued, state}

// What the pacts ask for by name. The parameters and values are those of the guide.
const states = {
  'a system with an integration token': ({ type = 'SAP Commerce Cloud', token = 'live', tokenAge = '0s' }) => {
    const text = randomBytes(24).toString('base64url');
    tokens.set(text, { type, issued: now, state: token });
    now += seconds(tokenAge);
    return { token: text };
  },
};

// seconds reads a duration as Go writes it: 1h30m, 11m, 0s.
function seconds(text) {
  const unit = { h: 3600, m: 60, s: 1 };
  return [...text.matchAll(/(\d+)([hms])/g)].reduce((sum, [, n, u]) => sum + Number(n) * unit[u], 0);
}

function changeState({ action, state, params = {} }) {
  if (action === 'teardown') {
    tokens = new Map();
    return [200, {}];
  }
  const make = states[state];
  return make ? [200, make(params)] : [404, { error: `there is no state "${state}"` }];
}

const reasons = { used: 'token-used', replaced: 'token-void', 'of a deregistered system': 'token-unknown' };

// present is GET /v1/applications/signingRequests/info: 200, or 403 with the reason in Pairsim-Reason.
function present(url, headers) {
  const token = tokens.get(url.searchParams.get('token'));
  const refuse = (reason) => [403, { code: 403, error: 'Invalid token.' }, { 'Pairsim-Reason': reason }];
  if (!token) return refuse('token-unknown');
  if (reasons[token.state]) return refuse(reasons[token.state]);
  if (now >= token.issued + (lifetime[token.type] ?? 600)) return refuse('token-expired');
  if (headers['pairsim-system-type'] !== token.type) return refuse('token-wrong-type');
  token.state = 'used';
  const base = `http://${headers.host}`;
  return [200, {
    csrUrl: `${base}/v1/applications/certificates?token=${randomBytes(24).toString('base64url')}`,
    api: { infoUrl: `${base}/v1/applications/management/info` },
    certificate: { subject: 'OU=TEST,O=example,L=Walldorf,ST=BW,C=DE,CN=mp-pact-shop', extensions: '', 'key-algorithm': 'rsa2048' },
  }];
}

const server = createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req) body += chunk;
  const url = new URL(req.url, 'http://localhost');
  let [status, answer, headers] = [404, { code: 404, error: 'Not found.' }, {}];
  if (req.method === 'POST' && url.pathname === '/states') [status, answer] = changeState(JSON.parse(body));
  if (req.method === 'GET' && url.pathname === '/v1/applications/signingRequests/info') [status, answer, headers = {}] = present(url, req.headers);
  res.writeHead(status, { 'Content-Type': 'application/json', 'Pairsim-Time': new Date(now * 1000).toISOString(), ...headers });
  res.end(JSON.stringify(answer));
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
