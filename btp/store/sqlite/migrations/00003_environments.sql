-- +goose Up

-- What environments other than the first were made with, to be opened again so.

CREATE TABLE environment_terms (
  env              TEXT NOT NULL PRIMARY KEY,
  terms            TEXT NOT NULL -- JSON
) WITHOUT ROWID;
