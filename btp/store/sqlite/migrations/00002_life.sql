-- +goose Up

-- What the life of a system beyond its pairing needs. Lists run in the order of
-- `sequence`, which is unique per environment: each of their indexes ends with it.

ALTER TABLE systems ADD COLUMN former_tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE systems ADD COLUMN extension_deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subaccounts ADD COLUMN version INTEGER NOT NULL DEFAULT 0;

-- With the claim in it, the index alone answers what is due next.
ALTER TABLE due ADD COLUMN claimed_until INTEGER;
DROP INDEX due_by_instant;
CREATE INDEX due_by_instant ON due (env, at, number, claimed_until);

CREATE TABLE formations (
  env              TEXT NOT NULL,
  sequence         INTEGER NOT NULL,
  id               TEXT NOT NULL,
  global_account   TEXT NOT NULL,
  name             TEXT NOT NULL,
  type             TEXT NOT NULL,
  subaccount       TEXT NOT NULL,
  state            TEXT NOT NULL,
  failure          TEXT, -- JSON
  version          INTEGER NOT NULL,
  created_at       INTEGER,
  updated_at       INTEGER,
  PRIMARY KEY (env, sequence)
) WITHOUT ROWID;
CREATE UNIQUE INDEX formations_by_id ON formations (env, id);
CREATE UNIQUE INDEX formations_by_name ON formations (env, global_account, name);
CREATE INDEX formations_by_global_account ON formations (env, global_account, sequence);
CREATE INDEX formations_by_subaccount ON formations (env, subaccount, sequence);

CREATE TABLE formation_systems (
  env              TEXT NOT NULL,
  sequence         INTEGER NOT NULL, -- the formation's
  position         INTEGER NOT NULL,
  system           TEXT NOT NULL,
  PRIMARY KEY (env, sequence, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX formation_systems_by_system ON formation_systems (env, system, sequence);

CREATE TABLE assignments (
  env              TEXT NOT NULL,
  formation        TEXT NOT NULL,
  source_kind      TEXT NOT NULL,
  source           TEXT NOT NULL,
  target_kind      TEXT NOT NULL,
  target           TEXT NOT NULL,
  id               TEXT NOT NULL,
  state            TEXT NOT NULL,
  configuration    BLOB,
  error            TEXT NOT NULL,
  updated_at       INTEGER,
  PRIMARY KEY (env, formation, source_kind, source, target_kind, target)
) WITHOUT ROWID;
CREATE UNIQUE INDEX assignments_by_id ON assignments (env, formation, id);
CREATE INDEX assignments_by_state ON assignments (env, formation, state);

CREATE TABLE entitlements (
  env              TEXT NOT NULL,
  sequence         INTEGER NOT NULL,
  id               TEXT NOT NULL,
  global_account   TEXT NOT NULL,
  subaccount       TEXT NOT NULL,
  system           TEXT NOT NULL,
  service          TEXT NOT NULL,
  plan             TEXT NOT NULL,
  created_at       INTEGER,
  PRIMARY KEY (env, sequence)
) WITHOUT ROWID;
CREATE UNIQUE INDEX entitlements_by_id ON entitlements (env, id);
CREATE INDEX entitlements_by_global_account ON entitlements (env, global_account, sequence);
CREATE INDEX entitlements_by_subaccount ON entitlements (env, subaccount, sequence);
CREATE INDEX entitlements_by_system ON entitlements (env, system, sequence);

CREATE TABLE incidents (
  env              TEXT NOT NULL,
  sequence         INTEGER NOT NULL,
  id               TEXT NOT NULL,
  global_account   TEXT NOT NULL,
  subject_kind     TEXT NOT NULL,
  subject          TEXT NOT NULL,
  subject_name     TEXT NOT NULL,
  component        TEXT NOT NULL,
  cause            TEXT NOT NULL,
  step             TEXT NOT NULL,
  status           TEXT NOT NULL,
  opened_at        INTEGER,
  resolved_at      INTEGER, -- NULL while it is open
  resolution       TEXT NOT NULL,
  PRIMARY KEY (env, sequence)
) WITHOUT ROWID;
CREATE UNIQUE INDEX incidents_by_id ON incidents (env, id);
CREATE INDEX incidents_by_global_account ON incidents (env, global_account, sequence);
CREATE INDEX incidents_by_subject ON incidents (env, subject, sequence);
CREATE INDEX incidents_open ON incidents (env, sequence) WHERE resolved_at IS NULL;
CREATE INDEX incidents_open_by_global_account ON incidents (env, global_account, sequence) WHERE resolved_at IS NULL;

CREATE TABLE reservations (
  env              TEXT NOT NULL,
  global_account   TEXT NOT NULL,
  name             TEXT NOT NULL,
  system           TEXT NOT NULL,
  tenant_id        TEXT NOT NULL,
  release          BLOB, -- digest; NULL: nobody can release it
  created_at       INTEGER,
  PRIMARY KEY (env, global_account, name)
) WITHOUT ROWID;
CREATE UNIQUE INDEX reservations_by_release ON reservations (env, release) WHERE release IS NOT NULL;

CREATE TABLE replays (
  env              TEXT NOT NULL,
  key              TEXT NOT NULL,
  request          BLOB NOT NULL, -- digest
  created          TEXT NOT NULL,
  token            TEXT NOT NULL,
  created_at       INTEGER,
  PRIMARY KEY (env, key)
) WITHOUT ROWID;

CREATE TABLE oauth_clients (
  env              TEXT NOT NULL,
  id               TEXT NOT NULL,
  secret           BLOB NOT NULL, -- digest
  role             TEXT NOT NULL,
  global_account   TEXT NOT NULL,
  tenant           TEXT NOT NULL,
  created_at       INTEGER,
  PRIMARY KEY (env, id)
) WITHOUT ROWID;
