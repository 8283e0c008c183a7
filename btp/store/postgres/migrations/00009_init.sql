-- +goose Up

-- Everything up to version 9, as btp/store/sqlite has it: versions mean the same in both.
-- Times are unix nanoseconds, because a timestamp has microseconds; NULL where there is
-- none. Text is compared byte by byte, whatever the database's collation. An index stands
-- for every query of btp/store.go.

CREATE TABLE environments (
  env              text COLLATE "C" NOT NULL,
  uuid             text COLLATE "C" NOT NULL,
  edition          text COLLATE "C" NOT NULL,
  seed             bigint NOT NULL,
  sequence         bigint NOT NULL,
  clock_frozen     bigint NOT NULL,
  clock_at         bigint,
  clock_ref        bigint,
  active_key       text COLLATE "C" NOT NULL,
  key_algorithm    text COLLATE "C" NOT NULL,
  generation       bigint NOT NULL,
  PRIMARY KEY (env)
);

CREATE TABLE authorities (
  env              text COLLATE "C" NOT NULL,
  name             text COLLATE "C" NOT NULL,
  root_pem         bytea,
  issuing_pem      bytea,
  issuing_key_pem  bytea,
  PRIMARY KEY (env, name)
);

CREATE TABLE signing_keys (
  number           bigint GENERATED ALWAYS AS IDENTITY,
  env              text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  algorithm        text COLLATE "C" NOT NULL,
  private          bytea,
  created_at       bigint,
  PRIMARY KEY (env, id)
);

CREATE TABLE global_accounts (
  env              text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  display_name     text COLLATE "C" NOT NULL,
  subdomain        text COLLATE "C" NOT NULL,
  PRIMARY KEY (env, id)
);
CREATE UNIQUE INDEX global_accounts_by_subdomain ON global_accounts (env, subdomain) WHERE subdomain <> '';

CREATE TABLE subaccounts (
  env              text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  global_account   text COLLATE "C" NOT NULL,
  display_name     text COLLATE "C" NOT NULL,
  subdomain        text COLLATE "C" NOT NULL,
  region           text COLLATE "C" NOT NULL,
  environments     text COLLATE "C" NOT NULL, -- separated by commas
  version          bigint NOT NULL,
  stopped          text COLLATE "C" NOT NULL,
  PRIMARY KEY (env, id)
);

CREATE TABLE systems (
  env              text COLLATE "C" NOT NULL,
  global_account   text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL,
  id               text COLLATE "C" NOT NULL,
  name             text COLLATE "C" NOT NULL,
  type             text COLLATE "C" NOT NULL,
  application_name text COLLATE "C" NOT NULL,
  status           text COLLATE "C" NOT NULL,
  failure          text COLLATE "C", -- JSON
  tenant           text COLLATE "C", -- JSON
  created_at       bigint,
  updated_at       bigint,
  registered_at    bigint,
  former_tenant    text COLLATE "C" NOT NULL,
  extension_deleted bigint NOT NULL,
  event_runtime    text COLLATE "C" NOT NULL,
  PRIMARY KEY (env, global_account, sequence)
);
CREATE UNIQUE INDEX systems_by_id ON systems (env, id);
CREATE UNIQUE INDEX systems_by_name ON systems (env, global_account, name);
CREATE UNIQUE INDEX systems_by_application_name ON systems (env, application_name) WHERE application_name <> '';
CREATE INDEX systems_by_type_and_status ON systems (env, global_account, type, status, sequence);

CREATE TABLE tokens (
  env              text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  number           bigint NOT NULL, -- per system
  system           text COLLATE "C" NOT NULL,
  global_account   text COLLATE "C" NOT NULL,
  type             text COLLATE "C" NOT NULL,
  key_id           text COLLATE "C" NOT NULL,
  state            text COLLATE "C" NOT NULL,
  issued_at        bigint,
  expires_at       bigint,
  PRIMARY KEY (env, id)
);
CREATE INDEX tokens_by_system ON tokens (env, system, number);
CREATE INDEX tokens_live ON tokens (env, global_account, type) WHERE state = 'live';

CREATE TABLE attempts (
  env              text COLLATE "C" NOT NULL,
  system           text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  token            text COLLATE "C" NOT NULL,
  follow_up        bytea, -- digest; NULL once it is spent
  tenant           text COLLATE "C" NOT NULL,
  rejected_csrs    bigint NOT NULL,
  certificate      text COLLATE "C" NOT NULL,
  opened_at        bigint,
  deadline         bigint,
  PRIMARY KEY (env, system)
);
CREATE UNIQUE INDEX attempts_by_follow_up ON attempts (env, follow_up) WHERE follow_up IS NOT NULL;

CREATE TABLE certificates (
  env              text COLLATE "C" NOT NULL,
  serial           text COLLATE "C" NOT NULL,
  system           text COLLATE "C" NOT NULL,
  not_before       bigint,
  not_after        bigint,
  renewal_blocked  bigint NOT NULL,
  revoked          bigint NOT NULL,
  PRIMARY KEY (env, serial)
);
CREATE INDEX certificates_by_system ON certificates (env, system, not_before NULLS FIRST, serial);

CREATE TABLE services (
  env              text COLLATE "C" NOT NULL,
  system           text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL,
  identifier       text COLLATE "C" NOT NULL,
  updated_at       bigint,
  body             text COLLATE "C" NOT NULL, -- JSON, without the documents beside it
  api_spec         bytea,
  events_spec      bytea,
  documentation    bytea,
  PRIMARY KEY (env, system, id)
);
CREATE INDEX services_by_sequence ON services (env, system, sequence, id);
CREATE INDEX services_by_identifier ON services (env, system, identifier) WHERE identifier <> '';

CREATE TABLE due (
  env              text COLLATE "C" NOT NULL,
  kind             text COLLATE "C" NOT NULL,
  subject          text COLLATE "C" NOT NULL,
  at               bigint NOT NULL,
  number           bigint NOT NULL, -- per instant
  claimed_until    bigint,
  reads            bigint NOT NULL,
  hold             text COLLATE "C" NOT NULL,
  tries            bigint NOT NULL,
  parked           bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (env, kind, subject)
);
CREATE INDEX due_by_instant ON due (env, at, number, claimed_until, parked) WHERE reads = 0 AND hold = '';
CREATE INDEX due_held ON due (env, at, number) WHERE hold <> '';
CREATE UNIQUE INDEX due_by_hold ON due (env, hold) WHERE hold <> '';

CREATE TABLE formations (
  env              text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL,
  id               text COLLATE "C" NOT NULL,
  global_account   text COLLATE "C" NOT NULL,
  name             text COLLATE "C" NOT NULL,
  type             text COLLATE "C" NOT NULL,
  subaccount       text COLLATE "C" NOT NULL,
  state            text COLLATE "C" NOT NULL,
  failure          text COLLATE "C", -- JSON
  version          bigint NOT NULL,
  created_at       bigint,
  updated_at       bigint,
  PRIMARY KEY (env, sequence)
);
CREATE UNIQUE INDEX formations_by_id ON formations (env, id);
CREATE UNIQUE INDEX formations_by_name ON formations (env, global_account, name);
CREATE INDEX formations_by_global_account ON formations (env, global_account, sequence);
CREATE INDEX formations_by_subaccount ON formations (env, subaccount, sequence);

CREATE TABLE formation_systems (
  env              text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL, -- the formation's
  position         bigint NOT NULL,
  system           text COLLATE "C" NOT NULL,
  PRIMARY KEY (env, sequence, position)
);
CREATE UNIQUE INDEX formation_systems_by_system ON formation_systems (env, system, sequence);

CREATE TABLE assignments (
  env              text COLLATE "C" NOT NULL,
  formation        text COLLATE "C" NOT NULL,
  source_kind      text COLLATE "C" NOT NULL,
  source           text COLLATE "C" NOT NULL,
  target_kind      text COLLATE "C" NOT NULL,
  target           text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  state            text COLLATE "C" NOT NULL,
  configuration    bytea,
  error            text COLLATE "C" NOT NULL,
  updated_at       bigint,
  PRIMARY KEY (env, formation, source_kind, source, target_kind, target)
);
CREATE UNIQUE INDEX assignments_by_id ON assignments (env, formation, id);
CREATE INDEX assignments_by_state ON assignments (env, formation, state);

CREATE TABLE entitlements (
  env              text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL,
  id               text COLLATE "C" NOT NULL,
  global_account   text COLLATE "C" NOT NULL,
  subaccount       text COLLATE "C" NOT NULL,
  system           text COLLATE "C" NOT NULL,
  service          text COLLATE "C" NOT NULL,
  plan             text COLLATE "C" NOT NULL,
  created_at       bigint,
  quota            bigint NOT NULL,
  PRIMARY KEY (env, sequence)
);
CREATE UNIQUE INDEX entitlements_by_id ON entitlements (env, id);
CREATE INDEX entitlements_by_global_account ON entitlements (env, global_account, sequence);
CREATE INDEX entitlements_by_subaccount ON entitlements (env, subaccount, sequence);
CREATE INDEX entitlements_by_system ON entitlements (env, system, sequence);

CREATE TABLE incidents (
  env              text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL,
  id               text COLLATE "C" NOT NULL,
  global_account   text COLLATE "C" NOT NULL,
  subject_kind     text COLLATE "C" NOT NULL,
  subject          text COLLATE "C" NOT NULL,
  subject_name     text COLLATE "C" NOT NULL,
  component        text COLLATE "C" NOT NULL,
  cause            text COLLATE "C" NOT NULL,
  step             text COLLATE "C" NOT NULL,
  status           text COLLATE "C" NOT NULL,
  opened_at        bigint,
  resolved_at      bigint, -- NULL while it is open
  resolution       text COLLATE "C" NOT NULL,
  PRIMARY KEY (env, sequence)
);
CREATE UNIQUE INDEX incidents_by_id ON incidents (env, id);
CREATE INDEX incidents_by_global_account ON incidents (env, global_account, sequence);
CREATE INDEX incidents_by_subject ON incidents (env, subject, sequence);
CREATE INDEX incidents_open ON incidents (env, sequence) WHERE resolved_at IS NULL;
CREATE INDEX incidents_open_by_global_account ON incidents (env, global_account, sequence) WHERE resolved_at IS NULL;

CREATE TABLE reservations (
  env              text COLLATE "C" NOT NULL,
  global_account   text COLLATE "C" NOT NULL,
  name             text COLLATE "C" NOT NULL,
  system           text COLLATE "C" NOT NULL,
  tenant_id        text COLLATE "C" NOT NULL,
  release          bytea, -- digest; NULL: nobody can release it
  created_at       bigint,
  PRIMARY KEY (env, global_account, name)
);
CREATE UNIQUE INDEX reservations_by_release ON reservations (env, release) WHERE release IS NOT NULL;

CREATE TABLE replays (
  env              text COLLATE "C" NOT NULL,
  key              text COLLATE "C" NOT NULL,
  request          bytea NOT NULL, -- digest
  created          text COLLATE "C" NOT NULL,
  token            text COLLATE "C" NOT NULL,
  created_at       bigint,
  PRIMARY KEY (env, key)
);

CREATE TABLE oauth_clients (
  env              text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  secret           bytea NOT NULL, -- digest
  role             text COLLATE "C" NOT NULL,
  global_account   text COLLATE "C" NOT NULL,
  tenant           text COLLATE "C" NOT NULL,
  created_at       bigint,
  PRIMARY KEY (env, id)
);

CREATE TABLE environment_terms (
  env              text COLLATE "C" NOT NULL,
  terms            text COLLATE "C" NOT NULL, -- JSON
  PRIMARY KEY (env)
);

CREATE TABLE transitions (
  env              text COLLATE "C" NOT NULL,
  name             text COLLATE "C" NOT NULL,
  after            bigint NOT NULL, -- nanoseconds
  reads            bigint NOT NULL,
  held             bigint NOT NULL,
  PRIMARY KEY (env, name)
);

CREATE TABLE subscriptions (
  env              text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  subaccount       text COLLATE "C" NOT NULL,
  source           text COLLATE "C" NOT NULL, -- the name of an application
  type             text COLLATE "C" NOT NULL,
  version          text COLLATE "C" NOT NULL,
  sink             text COLLATE "C" NOT NULL,
  mode             text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL,
  created_at       bigint,
  PRIMARY KEY (env, id)
);
CREATE UNIQUE INDEX subscriptions_by_sequence ON subscriptions (env, sequence);
CREATE INDEX subscriptions_by_subaccount ON subscriptions (env, subaccount, sequence);

CREATE TABLE deliveries (
  env              text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL,
  subscription     text COLLATE "C" NOT NULL,
  subaccount       text COLLATE "C" NOT NULL,
  state            text COLLATE "C" NOT NULL,
  attributes       text COLLATE "C" NOT NULL, -- of the CloudEvent, JSON
  data             bytea,
  attempts         bigint NOT NULL,
  failure          text COLLATE "C" NOT NULL,
  created_at       bigint,
  PRIMARY KEY (env, sequence)
);
CREATE INDEX deliveries_by_subscription ON deliveries (env, subscription, state, sequence);
CREATE INDEX deliveries_of_subscription ON deliveries (env, subscription, sequence);
CREATE INDEX deliveries_by_subaccount ON deliveries (env, subaccount, sequence);

CREATE TABLE objects (
  env              text COLLATE "C" NOT NULL,
  kind             text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  scope            text COLLATE "C" NOT NULL, -- in what name is unique
  name             text COLLATE "C", -- NULL: it has none
  parent           text COLLATE "C" NOT NULL,
  system           text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL,
  document         bytea, -- JSON
  secret           bytea, -- JSON
  PRIMARY KEY (env, kind, id)
);
CREATE UNIQUE INDEX objects_by_name ON objects (env, kind, scope, name);
CREATE UNIQUE INDEX objects_by_sequence ON objects (env, kind, sequence);
CREATE INDEX objects_by_scope ON objects (env, kind, scope, sequence);
CREATE INDEX objects_by_parent ON objects (env, kind, parent, sequence);
CREATE INDEX objects_by_system ON objects (env, kind, system, sequence);
