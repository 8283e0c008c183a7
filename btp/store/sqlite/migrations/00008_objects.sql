-- +goose Up

-- Objects of the platform services: instances, bindings, destinations, queues.

CREATE TABLE objects (
  env              TEXT NOT NULL,
  kind             TEXT NOT NULL,
  id               TEXT NOT NULL,
  scope            TEXT NOT NULL, -- in what name is unique
  name             TEXT,          -- NULL: it has none
  parent           TEXT NOT NULL,
  system           TEXT NOT NULL,
  sequence         INTEGER NOT NULL,
  document         BLOB,          -- JSON
  secret           BLOB,          -- JSON
  PRIMARY KEY (env, kind, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX objects_by_name ON objects (env, kind, scope, name);
CREATE UNIQUE INDEX objects_by_sequence ON objects (env, kind, sequence);
CREATE INDEX objects_by_scope ON objects (env, kind, scope, sequence);
CREATE INDEX objects_by_parent ON objects (env, kind, parent, sequence);
CREATE INDEX objects_by_system ON objects (env, kind, system, sequence);
