-- +goose Up

-- How often an environment's contents were replaced by a snapshot or a reset.

ALTER TABLE environments ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
