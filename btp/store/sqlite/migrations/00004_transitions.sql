-- +goose Up

-- Due work may wait for reads of its subject or for a release; then it has no
-- place among what waits for its instant.

ALTER TABLE due ADD COLUMN reads INTEGER NOT NULL DEFAULT 0;
ALTER TABLE due ADD COLUMN hold TEXT NOT NULL DEFAULT '';
ALTER TABLE due ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE due ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;
DROP INDEX due_by_instant;
CREATE INDEX due_by_instant ON due (env, at, number, claimed_until, parked) WHERE reads = 0 AND hold = '';
CREATE INDEX due_held ON due (env, at, number) WHERE hold <> '';
CREATE UNIQUE INDEX due_by_hold ON due (env, hold) WHERE hold <> '';

CREATE TABLE transitions (
  env              TEXT NOT NULL,
  name             TEXT NOT NULL,
  after            INTEGER NOT NULL, -- nanoseconds
  reads            INTEGER NOT NULL,
  held             INTEGER NOT NULL,
  PRIMARY KEY (env, name)
) WITHOUT ROWID;
