// What the APIs answer, as far as the pages read it (btp/httpapi/openapi.yaml,
// btp/control/openapi.yaml, ../../words.go).

export interface Words {
  environment: string;
  protected: boolean;
  // tenants are told where access tokens are asked for: a list would need one.
  tenants?: { id: string; product: string }[];
  journal: number;
  edition: Edition;
}

export interface Edition {
  id: string;
  cockpit: string;
  tokenName: string;
  registerVerb: string;
  tokenVerb: string;
  deregisterVerb: string;
  removeVerb: string;
  mergeVerb: string;
  ownSystemTypes: boolean;
  includeVerb: string;
  excludeVerb: string;
  tokenAtRegistration: boolean;
  statuses: Label[];
  moves: Move[];
  formationNameRule: string;
  formationName: string;
  formationStatuses: Label[];
  emptyFirst: boolean;
  allTypesInRuntime: boolean;
  pairFirst: string[];
}

export interface Label {
  code: string;
  label: string;
}

export interface Move {
  on: "token requested" | "deregistration requested" | "removal requested" | "merge requested";
  from: string;
  types?: string[];
  source: string;
}

export interface RecordedBody {
  mediaType?: string;
  size: number;
  text?: string;
  cut?: boolean;
  hidden?: string;
}

export interface Recorded {
  headers: { name: string; value: string }[];
  body?: RecordedBody;
}

export interface Recording {
  seq: number;
  request: Recorded & { method: string; path: string; query?: string };
  response?: Recorded & { status: number };
}

export interface List<T> {
  items: T[];
  nextCursor?: string;
}

export interface GlobalAccount {
  id: string;
  displayName: string;
  subdomain: string;
}

export interface Subaccount extends GlobalAccount {
  globalAccount: string;
  region: string;
  environments: string[];
}

export interface SystemType {
  name: string;
  tokenValiditySeconds: number;
  pairedByToken: boolean;
  showsPresentToken: boolean;
  environments: string[];
  supportComponent: string;
  formationBeforePairing: boolean;
  namespace?: string;
  provider?: string;
}

export interface Failure {
  step?: string;
  cause: string;
  component?: string;
  [key: string]: unknown;
}

export interface System {
  id: string;
  name: string;
  type: string;
  globalAccount: string;
  edition: string;
  status: Label;
  applicationName: string;
  createdAt: string;
  updatedAt: string;
  registeredAt?: string;
  tenant?: { tenantId: string; url: string; callbackUrl?: string; communicationScenarios: string[] };
  error?: Failure;
  discovery: { mode: "manual" | "auto"; label: string; url?: string; systemId?: string; businessType?: string; correlationIds?: string[] };
  // Of a single system only:
  mergeTargets?: SystemName[];
  token?: { state: "live" | "used" | "void" | "expired"; issuedAt: string; expiresAt: string };
  services?: Service[];
  certificates?: Certificate[];
  formations?: { id: string; name: string }[];
  entitlements?: { id: string; plan: string; subaccount: string }[];
  integrationToken?: Token;
}

export interface Token {
  token: string;
  tokenUrl: string;
  encoded: string;
  issuedAt: string;
  expiresAt: string;
  remainingSeconds: number;
}

export interface Service {
  id: string;
  name: string;
  provider: string;
  description: string;
  api: boolean;
  events: boolean;
  eventTypes?: string[]; // of a single system only
}

// SourceDocument is one that references name.
export interface SourceDocument {
  name: string;
  title: string;
  where: string;
  sections?: { number: number; title: string }[];
}

export interface Certificate {
  serial: string;
  notBefore: string;
  notAfter: string;
  state: "valid" | "expired" | "revoked" | "renewalBlocked";
}

export interface SystemName {
  id: string;
  name: string;
  type: string;
}

export interface FormationType {
  name: string;
  systemTypes: string[];
  environment: string;
  neededSystems: number;
  supportsReset: boolean;
}

interface FormationFields {
  id: string;
  name: string;
  type: string;
  status: Label;
  state: string;
  error?: Failure;
  createdAt: string;
  updatedAt: string;
}

export interface FormationRow extends FormationFields {
  subaccount: string | null;
  systems: string[];
}

export type FormationAction = "include" | "exclude" | "changeSubaccount" | "finalize" | "resynchronize" | "resetAndResynchronize" | "delete";

export interface Formation extends FormationFields {
  subaccount: { id: string; displayName: string; region: string; environments: string[] } | null;
  systems: (SystemName & { status: Label })[];
  assignments: Assignment[];
  actions: FormationAction[];
}

export interface Assignment {
  id: string;
  source: Participant;
  target: Participant;
  state: "INITIAL" | "READY" | "CONFIG_PENDING" | "CREATE_ERROR" | "DELETING" | "DELETE_ERROR";
  error?: string;
  updatedAt: string;
}

export interface Participant {
  kind: "APPLICATION" | "RUNTIME";
  id: string;
}

export interface Entitlement {
  id: string;
  subaccount: string;
  system: SystemName;
  service: string;
  plan: string;
  createdAt: string;
}

export interface ServiceOffering {
  service: string;
  displayName: string;
  plans: string[];
  systems: SystemName[];
}

export interface SubaccountOffering {
  id: string;
  name: string;
  displayName: string;
  description: string;
  plans: Plan[];
}

export interface Plan {
  id: string;
  name: string;
  displayName: string;
  description: string;
  systems?: SystemName[];
}

export interface ServiceInstance {
  id: string;
  name: string;
  offering: string;
  plan: string;
  place: { environment?: string; organization?: string; space?: string };
  system?: { id: string; name: string };
  parameters: Record<string, unknown>;
  usable: boolean;
  bindings: number;
  operation: { id: string; type: "create" | "delete"; state: "in progress" | "succeeded" | "failed"; description?: string; code?: string; startedAt: string; endedAt?: string };
  createdAt: string;
  updatedAt: string;
}

export interface ServiceBinding {
  id: string;
  name: string;
  instance: string;
  credentials?: Record<string, unknown>;
  createdAt: string;
}

export interface Destination {
  name: string;
  properties: Record<string, string>;
  hidden: string[];
  madeBy?: string;
  changedAt: string;
}

export interface Application {
  name: string;
  system: SystemName;
  services: Service[];
  formations: string[];
  getsEvents: boolean;
}

export interface Runtime {
  synchronization: { state: "synchronized" | "stopped"; name?: string };
}

export interface RuntimeEvent {
  application: string;
  service: string;
  type: string;
  version: string;
  subscriptions: number;
}

export interface Subscription {
  id: string;
  source: string;
  type: string;
  version: string;
  sink: string;
  mode: string;
  createdAt: string;
}

export interface Delivery {
  sequence: number;
  subscription: string;
  state: "waiting" | "dead";
  eventId: string;
  eventType: string;
  attempts: number;
  failure?: string;
  createdAt: string;
}

export interface EventBus {
  clients: BusClient[];
  queues: Queue[];
  webhooks: Webhook[];
}

export interface BusRule {
  publishFilter: string[];
  subscribeFilter: string[];
}

export interface BusClient {
  instance: string;
  emname: string;
  namespace: string;
  options: { messaging: boolean; messagingrest: boolean; management: boolean };
  rules: { topicRules: BusRule; queueRules: BusRule };
  units?: number;
}

export interface Queue {
  name: string;
  instance: string;
  topics: string[];
  messages: number;
  bytes: number;
  unacknowledged: number;
  createdAt: string;
}

export interface QueuedMessage {
  id: string;
  topic?: string;
  contentType: string;
  bytes: number;
  state: "waiting" | "taken";
  publishedAt: string;
  expiresAt: string;
}

export interface ConsumedMessage {
  id: string;
  topic?: string;
  contentType: string;
  body?: string;
  bodyBase64?: string;
}

export interface Webhook {
  name: string;
  instance: string;
  queue: string;
  qos: number;
  endpoint: string;
  handshake: "open" | "done" | "refused" | "exempt";
  state: "active" | "paused";
  attempts: number;
  failure?: string;
}

export interface Incident {
  id: string;
  subject: { kind: "system" | "formation"; id: string; name: string };
  open: boolean;
  component: string;
  cause: string;
  step: string;
  status: string;
  openedAt: string;
  resolvedAt?: string;
  resolution?: string;
}

export interface Clock {
  now: string;
  frozen: boolean;
}

export interface Entry {
  seq: number;
  at: string;
  kind: "request" | "decision" | "refusal" | "transition" | "due" | "call";
  point?: string;
  request?: number;
  subject?: { system?: string; formation?: string; name?: string; tenant?: string };
  method?: string;
  path?: string;
  status?: number;
  rule?: string;
  source?: string;
  detail?: string;
  faults?: string[];
}

export interface Diagram {
  participants: string[];
  steps: DiagramStep[];
}

export interface DiagramStep {
  kind: "request" | "answer" | "failure" | "note" | "refused" | "due";
  from: number;
  to: number;
  lines: string[];
  seq?: number;
}

export interface Hold {
  id: string;
  kind: "transition" | "step";
  transition?: string;
  point?: string;
  subject: { system?: string; formation?: string; name: string };
  since: string;
}

export interface Fault {
  id: string;
  point: string;
  recipe?: string;
  match: { system?: string };
  action: { kind: string };
  struck: number;
}

export interface Recipe {
  name: string;
  what: string;
  for: string[];
  edition?: string;
  labels: Record<string, string>;
  do: string;
  seen: string;
  source: string;
}

export interface Tenant {
  id: string;
  product: string;
  console: { path: string; row: string; field: string; disable: string; enable: string; delete: string };
  connection: null | { pairing: string; status: Label; systemId: string; applicationName: string; certificate?: { serial: string; notAfter: string } };
}

// Pairing is a row of a tenant's console: a destination target, a consumer, an extension.
export interface Pairing {
  id: string;
  tenant: string;
  description: string;
  status: { code: "inProgress" | "registered" | "disabled" | "deregistered" | "failed"; label: string };
  cause: string;
  reason?: string;
  next?: string;
  systemId?: string;
  applicationName?: string;
  certificate?: { serial: string; notAfter: string };
  calls: { step: string; method: string; path: string; status: number }[];
  createdAt: string;
  updatedAt: string;
}

export interface ProductAPI {
  identifier: string;
  name: string;
  description: string;
  targetUrl: string;
  served: boolean;
  csrf: boolean;
  basic?: { username: string; password: string };
  oauth?: { tokenUrl: string; clientId: string; clientSecret: string };
}

export interface Environment {
  name: string;
  edition: string;
}
