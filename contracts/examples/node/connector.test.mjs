// What the connector expects, as a pact in PACT_DIR (default: pacts): a worked example of a foreign consumer that is
// verified against pairsim (docs/guides/contracts-consumer.md). Run by node --test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MatchersV3, PactV4 } from '@pact-foundation/pact';
import { present, Refused } from './connector.mjs';

const { fromProviderState, regex } = MatchersV3;
const pact = new PactV4({ consumer: 'node-connector', provider: 'btp', dir: process.env.PACT_DIR ?? 'pacts', logLevel: 'error' });

const configuration = () => pact.addInteraction()
  .given('a registry')
  .uponReceiving('what the registry is')
  .withRequest('GET', '/.well-known/pairsim-configuration')
  .willRespondWith(200, (b) => b.jsonBody({ edition: regex('^v[12]$', 'v1') }));

// The token of the request comes from the provider's state when the provider is verified.
const presentation = (what, params) => pact.addInteraction()
  .given('a system with an integration token', { type: 'SAP Commerce Cloud', ...params })
  .uponReceiving(what)
  .withRequest('GET', '/v1/applications/signingRequests/info', (b) => b.query({ token: fromProviderState('${token}', 'eyJ.eyJ.sig') }));

test('a token that is good', async () => {
  configuration();
  await presentation('a token is presented', {})
    .willRespondWith(200, (b) => b.jsonBody({
      csrUrl: regex('^https?://.+/v1/applications/certificates\\?token=.+$', 'http://registry.example/v1/applications/certificates?token=f'),
      certificate: { subject: regex('^.*CN=mp-pact-shop.*$', 'O=x,CN=mp-pact-shop') },
    }))
    .executeTest(async (registry) => {
      const { edition, csrUrl } = await present(registry.url, 'eyJ.eyJ.sig');
      assert.equal(edition, 'v1');
      assert.match(csrUrl, /token=f$/);
    });
});

test('a token that has expired', async () => {
  configuration();
  await presentation('an expired token is presented', { tokenAge: '11m' })
    .willRespondWith(403, (b) => b.headers({ 'Pairsim-Reason': 'token-expired' }))
    .executeTest(async (registry) => {
      await assert.rejects(present(registry.url, 'eyJ.eyJ.sig'), (error) => error instanceof Refused && error.reason === 'token-expired');
    });
});
