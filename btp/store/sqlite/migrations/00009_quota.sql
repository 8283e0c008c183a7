-- +goose Up

-- Quotas of entitlements; 0: no limit.

ALTER TABLE entitlements ADD COLUMN quota INTEGER NOT NULL DEFAULT 0;
