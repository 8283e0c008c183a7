// node --test: each test has an environment of its own in one pairsim.
//
// Rule: pairing-makes-registered, token-validity-cx, environment-from-seed
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, start } from './pairsim.mjs';

let pairsim;
let environments = 0;
before(async () => { pairsim = await start(); });
after(async () => { await pairsim.stop(); });

// environment makes an isolated world whose clock stands still.
async function environment() {
  const made = await call('POST', pairsim.control + '/control/environments', {
    name: `node-${++environments}`, seed: { clock: { frozen: true, at: '2030-01-01T10:00:00Z' } },
  });
  return made.urls;
}

const register = (env, name) =>
  call('POST', env.http + '/api/v1/globalAccounts/default/systems', { name, type: 'SAP Commerce Cloud' });

test('a system pairs', { timeout: 30_000 }, async () => {
  const env = await environment();
  const system = await register(env, 'Web Shop');
  // Here your own connector would use system.integrationToken.tokenUrl.
  await call('POST', env.http + '/tenants/commerce/pairings', { token: system.integrationToken.tokenUrl });
  let shown;
  do shown = await call('GET', env.http + '/api/v1/systems/' + system.id);
  while (shown.status.label === 'Pending');
  assert.equal(shown.status.label, 'Registered');
});

test('a token is good for ten minutes', async () => {
  const env = await environment();
  const system = await register(env, 'Web Shop');
  await call('POST', env.control + '/control/clock', { advance: '10m' });
  const shown = await call('GET', env.http + '/api/v1/systems/' + system.id);
  assert.equal(shown.token.state, 'expired');
});
