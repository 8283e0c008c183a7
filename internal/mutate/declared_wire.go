package main

// storeMutations break what stores promise, and what goes on top of them: clock,
// faults, snapshots.
var storeMutations = []mutation{
	{
		Name: "memory-without-a-lock", Rule: "token-one-winner", Breaks: "in memory, two changes of an environment run at once",
		File: "btp/store/memory/memory.go", Tests: in("btp/store/memory", "TestStore"),
		Old: "	if err := change(&tx{state: st, writable: true}); err != nil {\n", New: "	st.lock.Release(allReaders)\n	err = change(&tx{state: st, writable: true})\n	_ = st.lock.Acquire(context.Background(), allReaders)\n	if err != nil {\n",
	},
	{
		Name: "memory-keeps-refused-changes", Rule: "store-one-contract", Breaks: "in memory, a refused change leaves what it has written",
		File: "btp/store/memory/memory.go", Tests: in("btp/store/memory", "TestStore"),
		Old: "		st.finish(saved)\n", New: "		st.finish(true)\n",
	},
	{
		Name: "memory-counts-used-tokens", Rule: "token-quota", Breaks: "in memory, used and expired tokens count as live",
		File: "btp/store/memory/pairing.go", Tests: in("btp/store/memory", "TestStore"),
		Old: "		if now.State == btp.TokenLive {\n", New: "		if now.State != \"\" {\n",
	},
	{
		Name: "sqlite-lock-taken-late", Rule: "token-one-winner", Breaks: "in SQLite, a change takes the file's lock with its first write: another process may write between",
		File: "btp/store/sqlite/sqlite.go", Tests: []tests{{"btp/store/sqlite", "TestStore|TestDurable|TestOpenAtOnce|TestSameAsMemory"}},
		Old: "c.Exec(\"BEGIN IMMEDIATE\")", New: "c.Exec(\"BEGIN\")",
	},
	{
		Name: "sqlite-reads-what-it-had", Rule: "processes-agree", Breaks: "in SQLite, what another process wrote is not noticed",
		File: "btp/store/sqlite/hot.go", Tests: in("btp/store/sqlite", "TestViews|TestStore|TestDurable|TestSameAsMemory"),
		Old: "	if version != h.version {\n", New: "	if h.version == 0 {\n",
	},
	{
		Name: "sqlite-remembers-too-long", Rule: "processes-agree", Breaks: "in SQLite, a view answers what it has been asked before, whatever has changed since",
		File: "btp/store/sqlite/remembered.go", Tests: in("btp/store/sqlite", "TestViews"),
		Old: "	if m.version != version {\n", New: "	if m.version == 0 {\n",
	},
	{
		Name: "sqlite-keeps-refused-changes", Rule: "store-one-contract", Breaks: "in SQLite, a refused change is committed",
		File: "btp/store/sqlite/sqlite.go", Tests: in("btp/store/sqlite", "TestStore"),
		Old: "	if _, err := c.Exec(\"ROLLBACK\"); err != nil {\n		s.writer = nil\n", New: "	if _, err := c.Exec(\"COMMIT\"); err != nil {\n		s.writer = nil\n",
	},
	{
		Name: "sqlite-counts-used-tokens", Rule: "token-quota", Breaks: "in SQLite, used and expired tokens count as live",
		File: "btp/store/sqlstore/pairing.go", Tests: in("btp/store/sqlite", "TestStore|TestSameAsMemory"),
		Old: "global_account = ? AND type = ? AND state = 'live'`", New: "global_account = ? AND type = ?`",
	},
	{
		Name: "sqlite-certificate-of-another-environment", Rule: "environments-apart", Breaks: "in SQLite, a certificate opens another environment",
		File: "btp/store/sqlstore/pairing.go", Tests: in("btp/store/sqlite", "TestStore|TestSameAsMemory"),
		Old: "renewal_blocked, revoked FROM certificates WHERE env = ?`", New: "renewal_blocked, revoked FROM certificates WHERE env <> '' AND ? <> ''`",
	},
	{
		Name: "sqlite-claimed-twice", Rule: "clock-due-work-in-order", Breaks: "in SQLite, work that one process has claimed is done by another, too",
		File: "btp/store/sqlstore/due.go", Tests: in("btp/store/sqlite", "TestStore|TestSameAsMemory"),
		Old: "(claimed_until IS NULL OR claimed_until <= ?) ORDER BY at, number LIMIT 1`, t.env, real)\n	return noLater", New: "(claimed_until IS NULL OR claimed_until <> ?) ORDER BY at, number LIMIT 1`, t.env, real)\n	return noLater",
	},
	{
		Name: "sqlite-loses-a-power-cut", Rule: "store-survives-death", Breaks: "--sync=full does not wait for the disk",
		File: "btp/store/sqlite/sqlite.go", Tests: in("btp/store/sqlite", "WaitForTheDisk"),
		Old: "\"synchronous(\" + string(s.sync) + \")\"", New: "\"synchronous(\" + string(Normal) + \")\"",
	},
	{
		Name: "postgres-without-a-lock", Rule: "token-one-winner", Breaks: "in PostgreSQL, two processes change an environment at once",
		File: "btp/store/postgres/postgres.go", Tests: in("btp/store/postgres", "TestDurable"),
		Old: "xact_lock(?)\", s.lockOf(env))", New: "xact_lock(?)\", time.Now().UnixNano())",
	},
	{
		Name: "postgres-forgets-a-failure", Rule: "store-one-contract", Breaks: "in PostgreSQL, a step in which a statement failed is taken for saved",
		File: "btp/store/postgres/conn.go", Tests: in("btp/store/postgres", "TestFailedStatement"),
		Old: "	c.failed = err\n	return err\n", New: "	return err\n",
	},
	{
		Name: "clock-set-back", Rule: "clock-never-back", Breaks: "a clock is set back",
		File: "btp/clock.go", Tests: in("btp", "Clock|DueWork"),
		Old: "	case !c.Set.IsZero() && c.Set.Before(u.now):\n", New: "	case !c.Set.IsZero() && c.Set.Year() < 1:\n",
	},
	{
		Name: "clock-jumps", Rule: "clock-due-work-in-order", Breaks: "what falls due on the way sees the clock at the end of the way",
		File: "btp/clock.go", Tests: in("btp", "DueWorkFires"),
		Old: "					u.setClock(d.At)\n", New: "					u.setClock(aim)\n",
	},
	{
		Name: "fault-once-more", Rule: "fault-schedule", Breaks: "a fault for the first n strikes n-1 times",
		File: "btp/fault.go", Tests: in("btp", "Schedules"),
		Old: "s.First > 0 && n > s.First,", New: "s.First > 0 && n >= s.First,",
	},
	{
		Name: "fault-every-time", Rule: "fault-schedule", Breaks: "a fault for every k-th strikes every time",
		File: "btp/fault.go", Tests: in("btp", "Schedules"),
		Old: "s.Every > 0 && n%s.Every != 0:", New: "s.Every > 0 && n%s.Every < 0:",
	},
	{
		Name: "fault-without-limit", Rule: "fault-schedule", Breaks: "a fault strikes once more than its limit",
		File: "btp/fault_rule.go", Tests: in("btp", "Schedules|Draws"),
		Old: "rule.fault.Struck >= schedule.Limit", New: "rule.fault.Struck > schedule.Limit",
	},
	{
		Name: "fault-for-another-system", Rule: "fault-match", Breaks: "a fault that is for one system strikes all",
		File: "btp/fault_rule.go", Tests: in("btp", "FaultsAreForWhom"),
		Old: "(m.System == \"\" || m.System == s.System) && ", New: "",
	},
	{
		Name: "fault-for-another-tenant", Rule: "fault-match", Breaks: "a fault that is for one tenant strikes all",
		File: "btp/fault_rule.go", Tests: in("btp", "FaultsAreForWhom"),
		Old: " && (m.Tenant == \"\" || m.Tenant == s.Tenant)", New: "",
	},
	{
		Name: "fault-drawn-by-traffic", Rule: "fault-schedule", Breaks: "what a probability draws is the same for all subjects",
		File: "btp/fault_rule.go", Tests: in("btp", "Draw"),
		Old: "fmt.Fprintf(h, \"%q %q\", point, name)", New: "fmt.Fprintf(h, \"%q %q\", point, \"\")",
	},
	{
		Name: "strict-drawn-by-traffic", Rule: "strict-seeded", Breaks: "what a strict rule draws does not depend on the seed",
		File: "internal/strict/draw.go", Tests: in("internal/strict", "."),
		Old: "strconv.FormatUint(seed, 10)", New: "strconv.FormatUint(seed*0, 10)",
	},
	{
		Name: "strict-rule-that-is-off", Rule: "strict-can-be-off", Breaks: "a strict rule that is off strikes",
		File: "internal/strict/draw.go", Tests: in("internal/strict", "."),
		Old: "	if !l.on[rule] {\n", New: "	if odds[rule] == 0 {\n",
	},
	{
		Name: "snapshot-unchecked", Rule: "snapshot-refused-whole", Breaks: "a snapshot that cannot stand replaces what was there",
		File: "btp/restore.go", Tests: in("btp", "ContentsThatCannotStand"),
		Old: "func(ctx context.Context) error {\n		if err := r.CheckContents(&c); err != nil {\n			return err\n		}\n", New: "func(ctx context.Context) error {\n",
	},
	{
		Name: "snapshot-with-secrets", Rule: "snapshot-without-secrets", Breaks: "a snapshot without secrets has them",
		File: "internal/snapshot/walk.go", Tests: in("internal/snapshot", "WithoutItsSecrets"),
		Old: "v.Set(reflect.ValueOf(secret.Text{Omitted: true}))", New: "_ = reflect.ValueOf(secret.Text{Omitted: true})",
	},
	{
		Name: "generation-forgotten", Rule: "snapshot-generations", Breaks: "a request that began before a restore goes on in what came after",
		File: "btp/generation.go", Tests: in("btp", "Generation"),
		Old: "	return errReplaced\n", New: "	return nil\n",
	},
	{
		Name: "reset-keeps-faults", Rule: "reset-to-seed", Breaks: "a reset keeps the faults that were set",
		File: "btp/restore.go", Tests: in("btp", "Reset"),
		Old: "		r.faults.reset()\n", New: "",
	},
}

// wireMutations break statuses, texts and bounds of the wires.
var wireMutations = []mutation{
	{
		Name: "used-token-is-gone", Rule: "pairing-token-missing-or-invalid", Breaks: "the connector answers 410 to a used token",
		File: "btp/connector/errors.go", Tests: in("btp/connector", "UsedTokenIs403|ExactStatus"),
		Old: "btp.TokenUsed:          {http.StatusForbidden, invalidToken}", New: "btp.TokenUsed:          {http.StatusGone, invalidToken}",
	},
	{
		Name: "expired-token-is-unauthorized", Rule: "pairing-token-missing-or-invalid", Breaks: "the connector answers 401 to an expired token",
		File: "btp/connector/errors.go", Tests: in("btp/connector", "ExpiredTokenIs403"),
		Old: "btp.TokenExpired:       {http.StatusForbidden, invalidToken}", New: "btp.TokenExpired:       {http.StatusUnauthorized, invalidToken}",
	},
	{
		Name: "certificate-answer-is-200", Rule: "pairing-exact-statuses", Breaks: "a certificate is answered with 200",
		File: "btp/connector/pairing.go", Tests: in("btp/connector", "ExactStatus|TrapStatusCodes"),
		Old: "writeJSON(c, http.StatusCreated, certificateAnswer{", New: "writeJSON(c, http.StatusOK, certificateAnswer{",
	},
	{
		Name: "revocation-answer-is-204", Rule: "pairing-exact-statuses", Breaks: "a revocation is answered with 204",
		File: "btp/connector/pairing.go", Tests: in("btp/connector", "ExactStatus|TrapStatusCodes"),
		Old: "	c.Status(http.StatusCreated)\n", New: "	c.Status(http.StatusNoContent)\n",
	},
	{
		Name: "revocation-under-one-key", Rule: "management-info", Breaks: "management info names the revocation under one key only",
		File: "btp/connector/pairing.go", Tests: in("btp/connector", "BothRevocationKeys"),
		Old: "RevokeCertURL: revoke, RevocationCertURL: revoke,", New: "RevokeCertURL: revoke,",
	},
	{
		Name: "malformed-csr-is-500", Rule: "csr-form", Breaks: "the connector answers 500 to a malformed certificate request",
		File: "btp/connector/errors.go", Tests: in("btp/connector", "RefusedCertificateRequests"),
		Old: "btp.CSRMalformed:        {http.StatusBadRequest, \"\"}", New: "btp.CSRMalformed:        {http.StatusInternalServerError, \"\"}",
	},
	{
		Name: "foreign-certificate-is-401", Rule: "certificate-needed", Breaks: "the connector answers 401 to a call without a client certificate",
		File: "btp/connector/errors.go", Tests: in("btp/connector", "NoClientCertificateIs403|Quirk"),
		Old: "btp.CertificateMissing:   {http.StatusForbidden,", New: "btp.CertificateMissing:   {http.StatusUnauthorized,",
	},
	{
		Name: "credentials-in-the-open", Rule: "service-secrets-masked", Breaks: "a read service shows its user and password",
		File: "btp/connector/metadata.go", Tests: in("btp/connector", "APIMetadata"),
		Old: "&basicCredentials{Username: mask, Password: mask,", New: "&basicCredentials{Username: c.Basic.Username, Password: c.Basic.Password,",
	},
	{
		Name: "event-checks-in-another-order", Rule: "event-legacy-checks", Breaks: "a legacy event's time is checked before its version",
		File: "btp/connector/events.go", Tests: in("btp/connector", "PublishLegacy"),
		Old: "	case e.Version == \"\":\n		return e, missingField(\"event-type-version\")\n	case !strings.ContainsFunc(e.Version, alphanumeric):\n		return e, invalidField(\"event-type-version\")\n	case e.Time == \"\":\n		return e, missingField(\"event-time\")\n",
		New: "	case e.Time == \"\":\n		return e, missingField(\"event-time\")\n	case e.Version == \"\":\n		return e, missingField(\"event-type-version\")\n	case !strings.ContainsFunc(e.Version, alphanumeric):\n		return e, invalidField(\"event-type-version\")\n",
	},
	{
		Name: "cloudevent-of-version-0.3", Rule: "event-cloudevent", Breaks: "a CloudEvent of another specversion is taken",
		File: "btp/connector/events.go", Tests: in("btp/connector", "CloudEvent"),
		Old: "	if e[\"specversion\"] != \"1.0\" {\n", New: "	if e[\"specversion\"] == \"\" {\n",
	},
	{
		Name: "problem-of-in-use", Rule: "deregister-names-blockers", Breaks: "a refusal to deregister does not list the blockers",
		File: "btp/httpapi/problems.go", Tests: in("btp/httpapi", "Blockers|WriteProblem"),
		Old: "				blockers = append(blockers, problem.Blocker", New: "				_ = append(blockers, problem.Blocker",
	},
	{
		Name: "status-of-status-forbids", Rule: "refusal-explained", Breaks: "what a status forbids is answered with 403",
		File: "btp/httpapi/problems.go", Tests: in("btp/httpapi", "EveryCodeIsDescribed|WriteProblem|Deregistration"),
		Old: "btp.StatusForbids:         {http.StatusConflict,", New: "btp.StatusForbids:         {http.StatusForbidden,",
	},
	{
		Name: "body-of-any-size", Rule: "bodies-bounded", Breaks: "a request body has no bound",
		File: "btp/httpapi/body.go", Tests: in("btp/httpapi", "Body|BadInput"),
		Old: "http.MaxBytesReader(c.Writer, r.Body, most)", New: "http.MaxBytesReader(c.Writer, r.Body, most<<20)",
	},
	{
		Name: "cursor-of-another-list", Rule: "list-pages", Breaks: "a cursor of one list is taken for another",
		File: "btp/httpapi/query.go", Tests: in("btp/httpapi", "Cursors"),
		Old: "	case string(b[9:]) != string(p.list):\n", New: "	case len(b[9:]) != len(p.list):\n",
	},
	{
		Name: "internal-errors-told", Rule: "token-secret-nowhere", Breaks: "the text of an internal error is told to the caller",
		File: "btp/httpapi/problems.go", Tests: in("btp/httpapi", "InternalError|WriteProblem"),
		Old: "	why := btp.Explain(code)\n", New: "	if detail == \"\" {\n		detail = err.Error()\n	}\n	why := btp.Explain(code)\n",
	},
	{
		Name: "gateway-gives-up", Rule: "gateway-retry", Breaks: "the gateway does not call again after 403",
		File: "btp/gateway/call.go", Tests: in("btp/gateway", "OneRepetition|Suite"),
		Old: "res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden", New: "res.StatusCode == http.StatusUnauthorized",
	},
	{
		Name: "gateway-with-the-old-token", Rule: "gateway-retry", Breaks: "the gateway calls again with the token that was refused",
		File: "btp/gateway/call.go", Tests: in("btp/gateway", "OneRepetition|Suite"),
		Old: "		c.tokens.Forget(key)\n", New: "		_ = key\n",
	},
	{
		Name: "gateway-with-an-expired-token", Rule: "gateway-caches", Breaks: "the gateway uses a token after its end",
		File: "internal/tokencache/tokencache.go", Tests: in("btp/gateway", "TokensAreKept"),
		Old: "if !there || !now.Before(h.until) {", New: "if !there {",
	},
	{
		Name: "gateway-timeout-is-502", Rule: "gateway-errors", Breaks: "a target that answers too late is told as 502",
		File: "btp/gateway/errors.go", Tests: in("btp/gateway", "."),
		Old: "		return http.StatusGatewayTimeout\n", New: "		return http.StatusBadGateway\n",
	},
}

// tenantMutations break what our tenants check themselves.
var tenantMutations = []mutation{
	{
		Name: "tenant-takes-any-signature", Rule: "tenant-trusts-its-registry-only", Breaks: "a tenant takes a token with another algorithm than its key's",
		File: "internal/tenant/token.go", Tests: in("internal/tenant", "Refused|Notice|Pair"),
		Old: "		if k.Algorithm != t.Method.Alg() {\n", New: "		if k.Algorithm == \"\" {\n",
		Known: "each of the three algorithms has a type of keys of its own, and the library refuses a key of another type; the guard is for a fourth",
	},
	{
		Name: "tenant-takes-any-issuer", Rule: "tenant-trusts-its-registry-only", Breaks: "a tenant takes a token of another registry",
		File: "internal/tenant/token.go", Tests: in("internal/tenant", "Refused|Notice|Pair"),
		Old: "jwt.WithIssuer(issuer), ", New: "",
	},
	{
		Name: "tenant-takes-any-type", Rule: "token-bound-to-type", Breaks: "a tenant takes a token for a system of another product",
		File: "internal/tenant/token.go", Tests: in("internal/tenant", "Refused|Pair"),
		Old: "	case c.SystemType != systemType:\n", New: "	case c.SystemType == \"\":\n",
	},
	{
		Name: "notice-for-another-system", Rule: "notice-is-signed", Breaks: "a notice that is signed for one system ends another's pairing",
		File: "internal/tenant/notice.go", Tests: in("internal/tenant", "TestNotice"),
		Old: "	case c.Subject != n.SystemID:\n", New: "	case c.Subject == \"\":\n",
	},
	{
		Name: "notice-for-another-tenant", Rule: "notice-is-signed", Breaks: "a notice to another tenant is taken",
		File: "internal/tenant/notice.go", Tests: in("internal/tenant", "TestNotice"),
		Old: "	case c.Tenant != t.cfg.ID:\n", New: "	case c.Tenant == \"\":\n",
	},
	{
		Name: "tenant-renews-late", Rule: "tenant-renews-in-time", Breaks: "a tenant renews its certificate at its end",
		File: "internal/tenant/upkeep.go", Tests: in("internal/tenant", "RenewalIsDue"),
		Old: "leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3).UTC()", New: "leaf.NotAfter.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 3 * 0).UTC()",
	},
	{
		Name: "assertion-twice", Rule: "product-saml-bearer", Breaks: "an assertion is exchanged for a token twice",
		File: "internal/tenant/inbound.go", Tests: in("internal/tenant", "AnAssertionIsExchanged"),
		Old: "		case known[key] != 0:\n", New: "		case known[key] < 0:\n",
	},
	{
		Name: "arrangement-opens-every-api", Rule: "arrangement-own-scenario", Breaks: "the credentials of an arrangement open the APIs of every scenario",
		File: "internal/tenant/inbound.go", Tests: in("internal/tenant", "BasicUser|AssertionIsExchanged|Arrangement"),
		Old: "return c != nil && c.apis[a.Identifier], c != nil", New: "return c != nil, c != nil",
	},
	{
		Name: "arrangement-token-for-ever", Rule: "arrangement-own-scenario", Breaks: "an access token of an arrangement has no end",
		File: "internal/tenant/inbound.go", Tests: in("internal/tenant", "AssertionIsExchanged|Arrangement"),
		Old: "grant.arrangement == \"\" || !t.now().Before(grant.expires) {", New: "grant.arrangement == \"\" {",
	},
}
