-- +goose Up

-- Who listens to events, and the events on their way.

CREATE TABLE subscriptions (
  env              TEXT NOT NULL,
  id               TEXT NOT NULL,
  subaccount       TEXT NOT NULL,
  source           TEXT NOT NULL, -- the name of an application
  type             TEXT NOT NULL,
  version          TEXT NOT NULL,
  sink             TEXT NOT NULL,
  mode             TEXT NOT NULL,
  sequence         INTEGER NOT NULL,
  created_at       INTEGER,
  PRIMARY KEY (env, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX subscriptions_by_sequence ON subscriptions (env, sequence);
CREATE INDEX subscriptions_by_subaccount ON subscriptions (env, subaccount, sequence);

CREATE TABLE deliveries (
  env              TEXT NOT NULL,
  sequence         INTEGER NOT NULL,
  subscription     TEXT NOT NULL,
  subaccount       TEXT NOT NULL,
  state            TEXT NOT NULL,
  attributes       TEXT NOT NULL, -- of the CloudEvent, JSON
  data             BLOB,
  attempts         INTEGER NOT NULL,
  failure          TEXT NOT NULL,
  created_at       INTEGER,
  PRIMARY KEY (env, sequence)
) WITHOUT ROWID;
CREATE INDEX deliveries_by_subscription ON deliveries (env, subscription, state, sequence);
CREATE INDEX deliveries_of_subscription ON deliveries (env, subscription, sequence);
CREATE INDEX deliveries_by_subaccount ON deliveries (env, subaccount, sequence);
