// An extension application of SAP Marketing Cloud, without any package. It finds its
// services in VCAP_SERVICES, looks its destination up, reads contacts from the tenant,
// changes one, and waits for the event that tells of it. Against SAP BTP the same calls
// are made; docs/guides/extensibility.md tells how to set it up.
//
// Rule: destination-find, instance-destination-equals-binding, bus-queue-subscribes, bus-topic-bound, product-csrf
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const env = process.env;
const bound = JSON.parse(env.VCAP_SERVICES ?? '{}');

// credentials of the first instance of a service that this application is bound to.
function credentials(service) {
  const instance = bound[service]?.[0];
  if (!instance) throw new Error(`this application is bound to no instance of ${service}`);
  return instance.credentials;
}

// call makes a call that must succeed.
async function call(method, url, headers = {}, body = undefined) {
  const answer = await fetch(url, { method, headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${new URL(url).pathname}: ${answer.status}: ${text.slice(0, 300)}`);
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : undefined };
}

// token gets an access token: of the application itself, or of one of its users.
async function token(endpoint, client, user, password) {
  const form = new URLSearchParams({ client_id: client.clientid, client_secret: client.clientsecret });
  if (user) {
    form.set('grant_type', 'password');
    form.set('username', user);
    form.set('password', password);
  } else {
    form.set('grant_type', 'client_credentials');
  }
  const answer = await call('POST', endpoint, { 'content-type': 'application/x-www-form-urlencoded' }, form.toString());
  return answer.body.access_token;
}

// authorization is what a call to the destination's target is authorized with.
function authorization({ destinationConfiguration: d, authTokens = [] }) {
  if (d.Authentication === 'BasicAuthentication') {
    return { authorization: 'Basic ' + Buffer.from(`${d.User}:${d.Password}`).toString('base64') };
  }
  const headers = {};
  for (const one of authTokens) {
    if (one.error) throw new Error(one.error);
    headers[one.http_header.key.toLowerCase()] = one.http_header.value;
  }
  return headers;
}

// useTenant looks the destination up and calls the tenant that it leads to.
async function useTenant(name) {
  const service = credentials('destination');
  const headers = { authorization: 'Bearer ' + await token(service.url + '/oauth/token', service) };
  if (env.APP_USER) { // whom a SAML assertion is about
    headers['x-user-token'] = await token(service.url + '/oauth/token', service, env.APP_USER, env.APP_PASSWORD);
  }
  const found = await call('GET', `${service.uri}/destination-configuration/v1/destinations/${encodeURIComponent(name)}`, headers);
  const d = found.body.destinationConfiguration;
  console.log(`destination ${name}: ${d.URL} with ${d.Authentication}`);
  await useContacts(d.URL + (env.API_PATH ?? '/sap/opu/odata/sap/API_MKT_CONTACT_SRV'), authorization(found.body));
}

// useContacts reads contacts and, when CITY is set, moves the first one there.
async function useContacts(api, authorized) {
  const read = await call('GET', api + '/ContactOriginData?$top=3&$format=json', { ...authorized, accept: 'application/json', 'x-csrf-token': 'Fetch' });
  const contacts = read.body.d.results;
  for (const c of contacts) console.log(`contact ${c.ContactID}: ${c.FullName}, ${c.CityName ?? ''}`);
  if (!env.CITY || contacts.length === 0) return;
  const [first] = contacts;
  // A CSRF token belongs to a session, which is in the cookies.
  const cookie = read.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
  await call('MERGE', first.__metadata.uri, {
    ...authorized, cookie, 'content-type': 'application/json', 'if-match': first.__metadata.etag, 'x-csrf-token': read.headers.get('x-csrf-token'),
  }, JSON.stringify({ CityName: env.CITY }));
  console.log(`contact ${first.ContactID}: moved to ${env.CITY}`);
}

// queue is the name of the application's queue: within its own namespace.
const queue = (bus) => encodeURIComponent(bus.namespace + '/contacts');

// subscribe makes a queue that takes the tenant's events about contacts.
async function subscribe(space) {
  const bus = credentials('enterprise-messaging');
  const { oa2, uri } = bus.management[0];
  const headers = { authorization: 'Bearer ' + await token(oa2.tokenendpoint, oa2), 'content-type': 'application/json' };
  const at = `${uri}/hub/rest/api/v1/management/messaging/queues/${queue(bus)}`;
  await call('PUT', at, headers, '{}');
  await call('PUT', `${at}/subscriptions/${encodeURIComponent(space + '/ce/sap/s4/beh/contact/*')}`, headers);
}

// receive waits for a number of events and acknowledges each.
async function receive(wanted) {
  if (wanted === 0) return;
  const bus = credentials('enterprise-messaging');
  const { oa2, uri } = bus.messaging.find((c) => c.protocol.includes('httprest'));
  const headers = { authorization: 'Bearer ' + await token(oa2.tokenendpoint, oa2), 'x-qos': '1' };
  const at = `${uri}/messagingrest/v1/queues/${queue(bus)}/messages`;
  while (wanted > 0) {
    const message = await call('POST', at + '/consumption', headers);
    if (message.status === 204) { // the queue is empty
      await pause(200);
      continue;
    }
    console.log(`event ${message.body.type}: ${JSON.stringify(message.body.data)}`);
    await call('POST', `${at}/${encodeURIComponent(message.headers.get('x-message-id'))}/acknowledgement`, headers);
    wanted--;
  }
}

if (env.LISTEN) { // the application's own API, which the tenant calls
  const [host, port] = env.LISTEN.split(/:(?=\d+$)/);
  createServer((req, res) => {
    let length = 0;
    req.on('data', (part) => { length += part.length; });
    req.on('end', () => {
      console.log(`called by the tenant: ${req.method} ${new URL(req.url, 'http://x').pathname} with ${length} bytes`);
      res.writeHead(204).end();
    });
  }).listen(Number(port), host).unref();
}
if (env.TOPIC_SPACE) await subscribe(env.TOPIC_SPACE); // before anything changes
if (env.DESTINATION) await useTenant(env.DESTINATION);
await receive(Number(env.EVENTS ?? 0));
