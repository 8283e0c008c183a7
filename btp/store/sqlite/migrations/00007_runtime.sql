-- +goose Up

-- What a Kyma runtime keeps while it is not synchronised, JSON; empty while it is.

ALTER TABLE subaccounts ADD COLUMN stopped TEXT NOT NULL DEFAULT '';

-- The subaccount whose runtime got the system's latest event; empty for none yet.

ALTER TABLE systems ADD COLUMN event_runtime TEXT NOT NULL DEFAULT '';
