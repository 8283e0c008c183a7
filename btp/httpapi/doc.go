// Package httpapi is the registry's own REST API: /api/v1, its OpenAPI document
// and /.well-known (docs/wire.md). A handler decodes, calls one use case and
// encodes; what is allowed is decided by btp, and the one table in problems.go
// turns a refusal into HTTP. What btp/control shares (bodies, queries, problems)
// is exported from here.
package httpapi
