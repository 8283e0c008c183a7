// Verifies a provider by the verifier of @pact-foundation/pact, which shares no code with pairsim:
//   PROVIDER=btp PROVIDER_BASE_URL=http://127.0.0.1:9000 STATE_URL=http://127.0.0.1:9000/states node verify.mjs FILE…
// MESSAGE_PATH is where messages are asked for, at the same host. Ends with 0 when every interaction is kept.
import { Verifier } from '@pact-foundation/pact';

// The proxy of @pact-foundation/pact reads bodies and writes them again: forms as JSON, and {} not at all. As bytes they
// stay what they are.
function keepBody(req, _res, next) {
  const type = req.headers['content-type'] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) req.body = Buffer.from(new URLSearchParams(req.body).toString());
  else if (type.startsWith('application/json') && Number(req.headers['content-length']) > 0) req.body = Buffer.from(JSON.stringify(req.body));
  next();
}

const base = new URL(process.env.PROVIDER_BASE_URL);
try {
  await new Verifier({
    provider: process.env.PROVIDER,
    providerBaseUrl: base.origin,
    providerStatesSetupUrl: process.env.STATE_URL,
    providerStatesSetupTeardown: true,
    pactUrls: process.argv.slice(2),
    transports: process.env.MESSAGE_PATH
      ? [{ protocol: 'message', scheme: 'http', port: Number(base.port), path: process.env.MESSAGE_PATH }]
      : undefined,
    requestFilter: keepBody,
    logLevel: 'error',
  }).verifyProvider();
} catch (error) {
  console.error(`not kept: ${error.message}`);
  process.exitCode = 1;
}
