-- +goose Up

-- What SAP's landscape tells of a system, JSON; NULL for nothing.

ALTER TABLE systems ADD COLUMN discovery TEXT;
