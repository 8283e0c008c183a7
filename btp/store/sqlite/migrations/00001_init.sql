-- +goose Up

-- Times are unix nanoseconds, NULL where there is none. `number` orders rows by
-- when they were put. An index stands for every query of btp/store.go; each costs
-- a page in every commit that touches it, so there is none beyond.

PRAGMA application_id = 1347636045; -- "PSIM"

CREATE TABLE environments (
  env              TEXT NOT NULL PRIMARY KEY,
  uuid             TEXT NOT NULL,
  edition          TEXT NOT NULL,
  seed             INTEGER NOT NULL,
  sequence         INTEGER NOT NULL,
  clock_frozen     INTEGER NOT NULL,
  clock_at         INTEGER,
  clock_ref        INTEGER,
  active_key       TEXT NOT NULL,
  key_algorithm    TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE authorities (
  env              TEXT NOT NULL,
  name             TEXT NOT NULL,
  root_pem         BLOB,
  issuing_pem      BLOB,
  issuing_key_pem  BLOB,
  PRIMARY KEY (env, name)
) WITHOUT ROWID;

CREATE TABLE signing_keys (
  number           INTEGER PRIMARY KEY,
  env              TEXT NOT NULL,
  id               TEXT NOT NULL,
  algorithm        TEXT NOT NULL,
  private          BLOB,
  created_at       INTEGER,
  UNIQUE (env, id)
);

CREATE TABLE global_accounts (
  env              TEXT NOT NULL,
  id               TEXT NOT NULL,
  display_name     TEXT NOT NULL,
  subdomain        TEXT NOT NULL,
  PRIMARY KEY (env, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX global_accounts_by_subdomain ON global_accounts (env, subdomain) WHERE subdomain <> '';

CREATE TABLE subaccounts (
  env              TEXT NOT NULL,
  id               TEXT NOT NULL,
  global_account   TEXT NOT NULL,
  display_name     TEXT NOT NULL,
  subdomain        TEXT NOT NULL,
  region           TEXT NOT NULL,
  environments     TEXT NOT NULL, -- separated by commas
  PRIMARY KEY (env, id)
) WITHOUT ROWID;

CREATE TABLE systems (
  env              TEXT NOT NULL,
  global_account   TEXT NOT NULL,
  sequence         INTEGER NOT NULL,
  id               TEXT NOT NULL,
  name             TEXT NOT NULL,
  type             TEXT NOT NULL,
  application_name TEXT NOT NULL,
  status           TEXT NOT NULL,
  failure          TEXT, -- JSON
  tenant           TEXT, -- JSON
  created_at       INTEGER,
  updated_at       INTEGER,
  registered_at    INTEGER,
  PRIMARY KEY (env, global_account, sequence)
) WITHOUT ROWID;
CREATE UNIQUE INDEX systems_by_id ON systems (env, id);
CREATE UNIQUE INDEX systems_by_name ON systems (env, global_account, name);
CREATE UNIQUE INDEX systems_by_application_name ON systems (env, application_name) WHERE application_name <> '';
-- The one index of lists: a filter that leaves type or status open merges its ranges.
CREATE INDEX systems_by_type_and_status ON systems (env, global_account, type, status, sequence);

CREATE TABLE tokens (
  env              TEXT NOT NULL,
  id               TEXT NOT NULL,
  number           INTEGER NOT NULL, -- per system
  system           TEXT NOT NULL,
  global_account   TEXT NOT NULL,
  type             TEXT NOT NULL,
  key_id           TEXT NOT NULL,
  state            TEXT NOT NULL,
  issued_at        INTEGER,
  expires_at       INTEGER,
  PRIMARY KEY (env, id)
) WITHOUT ROWID;
CREATE INDEX tokens_by_system ON tokens (env, system, number);
-- The quota bounds this index; used and expired tokens are not in it.
CREATE INDEX tokens_live ON tokens (env, global_account, type) WHERE state = 'live';

CREATE TABLE attempts (
  env              TEXT NOT NULL,
  system           TEXT NOT NULL,
  id               TEXT NOT NULL,
  token            TEXT NOT NULL,
  follow_up        BLOB, -- digest; NULL once it is spent
  tenant           TEXT NOT NULL,
  rejected_csrs    INTEGER NOT NULL,
  certificate      TEXT NOT NULL,
  opened_at        INTEGER,
  deadline         INTEGER,
  PRIMARY KEY (env, system)
) WITHOUT ROWID;
CREATE UNIQUE INDEX attempts_by_follow_up ON attempts (env, follow_up) WHERE follow_up IS NOT NULL;

CREATE TABLE certificates (
  env              TEXT NOT NULL,
  serial           TEXT NOT NULL,
  system           TEXT NOT NULL,
  not_before       INTEGER,
  not_after        INTEGER,
  renewal_blocked  INTEGER NOT NULL,
  revoked          INTEGER NOT NULL,
  PRIMARY KEY (env, serial)
) WITHOUT ROWID;
CREATE INDEX certificates_by_system ON certificates (env, system, not_before);

CREATE TABLE services (
  number           INTEGER PRIMARY KEY,
  env              TEXT NOT NULL,
  system           TEXT NOT NULL,
  id               TEXT NOT NULL,
  sequence         INTEGER NOT NULL,
  identifier       TEXT NOT NULL,
  updated_at       INTEGER,
  body             TEXT NOT NULL, -- JSON, without the documents beside it
  api_spec         BLOB,
  events_spec      BLOB,
  documentation    BLOB,
  UNIQUE (env, system, id)
);
CREATE INDEX services_by_sequence ON services (env, system, sequence, id);
CREATE INDEX services_by_identifier ON services (env, system, identifier) WHERE identifier <> '';

CREATE TABLE due (
  env              TEXT NOT NULL,
  kind             TEXT NOT NULL,
  subject          TEXT NOT NULL,
  at               INTEGER NOT NULL,
  number           INTEGER NOT NULL, -- per instant
  PRIMARY KEY (env, kind, subject)
) WITHOUT ROWID;
CREATE INDEX due_by_instant ON due (env, at, number);
