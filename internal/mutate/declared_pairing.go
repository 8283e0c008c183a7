package main

// lifecycleMutations break rows and guards of the systems' lifecycles.
var lifecycleMutations = []mutation{
	{
		Name: "v1-pending-is-stuck", Rule: "deregister-pending-v1", Breaks: "v1: a Pending system cannot be deregistered",
		File: "btp/lifecycle.go", Tests: in("btp", "Lifecycle|ServerMovesSystems|PendingSystemLeaves"),
		Old: "\t{From: Pending, On: DeregistrationRequested, To: Deregistering, Source: \"design §4 Pending in v1\"},\n", New: "",
	},
	{
		Name: "v1-cx-leaves-error-by-token", Rule: "error-cx-v1-no-way-out", Breaks: "v1: a new token leads a CX system out of Error",
		File: "btp/lifecycle.go", Tests: in("btp", "Lifecycle|ServerMovesSystems"),
		Old: "Only: RetriesAfterError, Source: \"e9d975a.md@v1\"", New: "Source: \"e9d975a.md@v1\"",
	},
	{
		Name: "v2-registered-is-removed", Rule: "remove-registered-refused", Breaks: "v2: a registered system is removed without being deregistered",
		File: "btp/lifecycle.go", Tests: in("btp", "Lifecycle|ServerMovesSystems|RegisteredSystemIsNotRemoved"),
		Old: "\t{From: Failed, On: RemovalRequested, To: Removing, Source: \"1582d72.md\"},",
		New: "\t{From: Failed, On: RemovalRequested, To: Removing, Source: \"1582d72.md\"},\n\t{From: Registered, On: RemovalRequested, To: Removing, Source: \"1582d72.md\"},",
	},
	{
		Name: "v2-row-disappears", Rule: "deregister-v2-row-stays", Breaks: "v2: the row of a deregistered system disappears",
		File: "btp/lifecycle.go", Tests: in("btp", "Lifecycle|ServerMovesSystems|ReRegistration"),
		Old: "{From: Deregistering, On: DeregistrationDone, To: Pending, Source: \"0c6f498.md\"}",
		New: "{From: Deregistering, On: DeregistrationDone, To: Gone, Source: \"0c6f498.md\"}",
	},
	{
		Name: "v2-deregistering-is-not-tried-again", Rule: "deregister-error-v2-retry", Breaks: "v2: deregistering is not tried again from Error while Deregistering",
		File: "btp/lifecycle.go", Tests: in("btp", "Lifecycle|ServerMovesSystems|TenantThatCannotBeTold"),
		Old: "\t{From: DeregisterError, On: DeregistrationRequested, To: Deregistering, Source: \"1582d72.md, since 2024-03-21\"},\n", New: "",
	},
	{
		Name: "v2-label-of-error", Rule: "status-words-v2", Breaks: "v2: a failed pairing is shown as v1 shows it",
		File: "btp/edition.go", Tests: in("btp", "Labels|Lifecycle"),
		Old: "\"Error while Registering\"", New: "\"Error\"",
	},
}

// tokenMutations break the rules of integration tokens.
var tokenMutations = []mutation{
	{
		Name: "token-used-is-taken", Rule: "token-single-use", Breaks: "a used token is accepted again",
		File: "btp/token.go", Tests: in("btp", "TokenIsUsedOnce|RacingRedemptions"),
		Old: "case t.State == TokenRedeemed:", New: "case t.State == TokenRedeemed && t.ExpiresAt.IsZero():",
	},
	{
		Name: "token-use-is-forgotten", Rule: "token-single-use", Breaks: "redeeming a token leaves it as it was",
		File: "btp/pairing.go", Tests: in("btp", "TokenIsUsedOnce|RacingRedemptions"),
		Old: "\ttoken.State = TokenRedeemed\n", New: "",
	},
	{
		Name: "token-checked-before-the-step", Rule: "token-one-winner", Breaks: "whether a token was used is looked up in a step before the one that spends it",
		File: "btp/pairing.go", Tests: in("btp", "RacingRedemptions"),
		Old: "		followUp, digest := newFollowUp()\n		return r.update(ctx, func(u *unit) error {\n			s, token, err := u.tokenOf(claims)\n			if err != nil {\n				return err\n			}\n",
		New: "		followUp, digest := newFollowUp()\n		var s System\n		var token Token\n		if err := r.view(ctx, func(u *unit) (err error) {\n			s, token, err = u.tokenOf(claims)\n			return err\n		}); err != nil {\n			return err\n		}\n		return r.update(ctx, func(u *unit) error {\n",
	},
	{
		Name: "token-void-is-taken", Rule: "token-newest-wins", Breaks: "a token that a newer one has replaced is accepted",
		File: "btp/token.go", Tests: in("btp", "RefusedBeforeAcceptance|TokenAtItsBoundaries|NewTokenEnds"),
		Old: "case t.State == TokenVoided:", New: "case t.State == TokenVoided && t.ExpiresAt.IsZero():",
	},
	{
		Name: "token-previous-stays-live", Rule: "token-newest-wins", Breaks: "a new token leaves the one before live",
		File: "btp/register.go", Tests: in("btp", "RefusedBeforeAcceptance|NewTokenEnds|TokenQuota"),
		Old: "		present.State = TokenVoided\n", New: "",
	},
	{
		Name: "token-attempt-survives-new-token", Rule: "failed-pairing-keeps-nothing", Breaks: "a new token leaves the open pairing of the one before open",
		File: "btp/register.go", Tests: in("btp", "NewTokenEndsAnOpenPairing"),
		Old: "	if err := u.closeAttempt(s); err != nil {\n		return Token{}, err\n	}\n", New: "",
	},
	{
		Name: "token-good-at-its-tenth-minute", Rule: "token-validity-cx", Breaks: "a token is still accepted at the very instant of its expiry",
		File: "btp/token/token.go", Tests: in("btp/token", "VerifyBounds|Vectors"),
		Old: "case !o.Now.Before(claims.ExpiresAt):", New: "case o.Now.After(claims.ExpiresAt):",
	},
	{
		Name: "token-row-good-at-its-tenth-minute", Rule: "token-validity-cx", Breaks: "the rules show a token still at the instant of its expiry",
		File: "btp/token.go", Tests: in("btp", "TokenAtItsBoundaries|DisplayToken"),
		Old: "case t.State == TokenRanOut, !now.Before(t.ExpiresAt):", New: "case t.State == TokenRanOut, now.After(t.ExpiresAt):",
		Known: "two other guards hold the same instant: the signature's exp, and the due work that has made the row expired before anybody reads it",
	},
	{
		Name: "token-nine-minutes", Rule: "token-validity-cx", Breaks: "a token of a CX system lives for nine minutes",
		File: "btp/systemtype.go", Tests: in("btp", "TokenAtItsBoundaries"),
		Old: "TokenValidity: 10 * time.Minute", New: "TokenValidity: 9 * time.Minute",
	},
	{
		Name: "token-marketing-six-days", Rule: "token-validity-marketing", Breaks: "a token of a Marketing Cloud system lives for six days",
		File: "btp/systemtype.go", Tests: in("btp", "TokenAtItsBoundaries|DisplayToken"),
		Old: "const week = 7 * 24 * time.Hour", New: "const week = 6 * 24 * time.Hour",
	},
	{
		Name: "token-expiry-without-due-work", Rule: "token-expires-at-its-instant", Breaks: "a token expires only when somebody looks",
		File: "btp/register.go", Tests: in("btp", "DueWorkFires|TokenAtItsBoundaries|TokenQuota"),
		Old: "	token.State = TokenRanOut\n	s, err", New: "	s, err",
	},
	{
		Name: "token-expiry-fails-the-system", Rule: "token-expiry-keeps-status", Breaks: "a token's expiry makes its system Error",
		File: "btp/register.go", Tests: in("btp", "TokenAtItsBoundaries|DueWorkFires|Lifecycle|ServerMoves"),
		Old: "	u.record(EntryDue, PointTokenExpiry, &s, string(TokenExpired), t.TokenSource,",
		New: "	if err := u.fail(PointTokenExpiry, &s, \"the token expired\"); err != nil {\n		return err\n	}\n	u.record(EntryDue, PointTokenExpiry, &s, string(TokenExpired), t.TokenSource,",
	},
	{
		Name: "token-quota-one-more", Rule: "token-quota", Breaks: "the 1001st unused token of a type is made",
		File: "btp/register.go", Tests: in("btp", "TokenQuota"),
		Old: "if live >= TokenQuota {", New: "if live > TokenQuota {",
	},
	{
		Name: "token-of-another-type", Rule: "token-bound-to-type", Breaks: "a tenant of another product pairs with the token",
		File: "btp/pairing.go", Tests: in("btp", "RefusedBeforeAcceptance"),
		Old: "if p.SystemType != \"\" && p.SystemType != s.Type {", New: "if p.SystemType == \"\" && p.SystemType != s.Type && s.Type == \"\" {",
	},
	{
		Name: "token-of-another-system", Rule: "token-single-system", Breaks: "a token pairs a system whose id it does not name",
		File: "btp/pairing.go", Tests: in("btp", "ContradictsItsRecord|RefusedBeforeAcceptance"),
		Old: "if !ok || token.System != c.Subject {", New: "if !ok {",
	},
	{
		Name: "token-of-another-account", Rule: "account-boundary", Breaks: "a token that names another global account is accepted",
		File: "btp/pairing.go", Tests: in("btp", "ContradictsItsRecord|RefusedBeforeAcceptance"),
		Old: "if token.GlobalAccount != c.GlobalAccount {", New: "if token.GlobalAccount == \"\" {",
	},
	{
		Name: "token-signature-skipped", Rule: "token-signature", Breaks: "the signature of an integration token is not checked",
		File: "btp/token/token.go", Tests: in("btp/token", "Vectors"),
		Old: "if err := method.Verify(t.signed, t.signature, key.Public); err != nil {", New: "if err := method.Verify(t.signed, t.signature, key.Public); err != nil && key.ID == \"\" {",
	},
	{
		Name: "token-algorithm-of-the-header", Rule: "token-algorithms", Breaks: "a token is verified with the algorithm that it names, whatever its key is for",
		File: "btp/token/token.go", Tests: in("btp/token", "Vectors"),
		Old: "if string(key.Algorithm) != t.header.Alg {", New: "if key.Algorithm == \"\" {",
		Known: "each of the three algorithms has a type of keys of its own, and the library refuses a key of another type; the guard is for a fourth",
	},
	{
		Name: "token-issuer-unchecked", Rule: "token-foreign-refused", Breaks: "a token of another environment is accepted",
		File: "btp/token/token.go", Tests: in("btp/token", "Vectors"),
		Old: "case claims.Issuer != o.Issuer:", New: "case claims.Issuer == \"\":",
	},
	{
		Name: "token-audience-unchecked", Rule: "token-foreign-refused", Breaks: "a token that is meant for something else is accepted",
		File: "btp/token/token.go", Tests: in("btp/token", "Vectors"),
		Old: "case claims.Audience != audience:", New: "case claims.Audience == \"\":",
	},
	{
		Name: "token-before-its-time", Rule: "token-not-before", Breaks: "a token is accepted before it is valid",
		File: "btp/token/token.go", Tests: in("btp/token", "Vectors|VerifyBounds"),
		Old: "	case o.Now.Before(claims.NotBefore):\n", New: "	case claims.NotBefore.IsZero():\n",
	},
	{
		Name: "token-critical-extension", Rule: "token-signature", Breaks: "a token with critical extensions is read as if it had none",
		File: "btp/token/token.go", Tests: in("btp/token", "Vectors"),
		Old: "if token.header.Crit != nil {", New: "if token.header.Crit != nil && token.header.Alg == \"\" {",
	},
	{
		Name: "token-two-texts-of-one", Rule: "token-signature", Breaks: "two different texts are the same token",
		File: "btp/token/token.go", Tests: in("btp/token", "Vectors"),
		Old: "base64.RawURLEncoding.Strict().DecodeString(part)", New: "base64.RawURLEncoding.DecodeString(part)",
	},
	{
		Name: "token-for-the-registered", Rule: "token-none-when-registered", Breaks: "a registered system gets a token",
		File: "btp/lifecycle.go", Tests: in("btp", "Lifecycle|ServerMovesSystems"),
		Old: "	{From: Pending, On: PairingFailed, To: Failed, Source: \"SEED-000 Context\"},",
		New: "	{From: Pending, On: PairingFailed, To: Failed, Source: \"SEED-000 Context\"},\n	{From: Registered, On: TokenRequested, To: Pending, Source: \"SEED-000 Context\"},",
	},
}

// pairingMutations break what happens between an accepted token and Registered.
var pairingMutations = []mutation{
	{
		Name: "followup-good-for-ever", Rule: "attempt-deadline", Breaks: "a follow-up token is good at its deadline and after",
		File: "btp/pairing.go", Tests: in("btp", "AbandonedAttempt|FollowUp"),
		Old: "case !u.now.Before(a.Deadline):", New: "case a.Deadline.IsZero():",
		Known: "the due work of the deadline has deleted the attempt before any step can read it at that instant",
	},
	{
		Name: "followup-good-twice", Rule: "followup-token", Breaks: "a follow-up token is good for a second certificate",
		File: "btp/pairing.go", Tests: in("btp", "FollowUpTokenIsSpent"),
		Old: "a.FollowUp, a.Certificate = Digest{}, signed.Serial", New: "a.Certificate = signed.Serial",
	},
	{
		Name: "attempt-never-ends", Rule: "attempt-abandoned", Breaks: "an abandoned attempt stays open",
		File: "btp/pairing.go", Tests: in("btp", "AbandonedAttempt"),
		Old: "		u.schedule(attempt.Deadline, DueAttemptDeadline, string(s.ID)),\n", New: "",
	},
	{
		Name: "attempt-abandoned-is-error", Rule: "attempt-abandoned", Breaks: "an abandoned attempt is an error without the switch",
		File: "btp/pairing.go", Tests: in("btp", "AbandonedAttempt"),
		Old: "if u.r.policy.AbandonedIsError {", New: "if !u.r.policy.AbandonedIsError {",
	},
	{
		Name: "csr-sixth-refusal", Rule: "csr-five-refusals", Breaks: "it takes six refused certificate requests to fail a pairing",
		File: "btp/pairing.go", Tests: in("btp", "RejectedCSR"),
		Old: "if a.RejectedCSRs >= r.policy.RejectedCSRs {", New: "if a.RejectedCSRs > r.policy.RejectedCSRs {",
	},
	{
		Name: "csr-subject-unchecked", Rule: "csr-subject", Breaks: "a certificate request for another subject is signed",
		File: "btp/pairing.go", Tests: in("btp", "RejectedCSR|Certificate"),
		Old: "return request, g.ca.CheckSubject(request, subjectOf(s))", New: "return request, nil",
	},
	{
		Name: "csr-order-of-checks", Rule: "csr-subject", Breaks: "the country is checked before the common name",
		File: "btp/pki/subject.go", Tests: in("btp/pki", "CheckSubject"),
		Old: "		{\"common name\", oidCN, want.CN},\n		{\"country\", oidC, want.C},\n", New: "		{\"country\", oidC, want.C},\n		{\"common name\", oidCN, want.CN},\n",
	},
	{
		Name: "csr-signature-unchecked", Rule: "csr-form", Breaks: "a certificate request that its key has not signed is taken",
		File: "btp/pki/csr.go", Tests: in("btp/pki", "TestParseCSR"),
		Old: "if err := csr.CheckSignature(); err != nil {", New: "if err := error(nil); err != nil {",
	},
	{
		Name: "csr-short-key", Rule: "csr-keys", Breaks: "an RSA key of 1024 bits is signed",
		File: "btp/pki/csr.go", Tests: in("btp/pki", "TestParseCSR"),
		Old: "bits < 2048 || bits > 4096", New: "bits < 1024 || bits > 4096",
	},
	{
		Name: "csr-weak-curve", Rule: "csr-keys", Breaks: "a key on P-224 is signed",
		File: "btp/pki/csr.go", Tests: in("btp/pki", "TestParseCSR"),
		Old: "case elliptic.P256(), elliptic.P384(), elliptic.P521():", New: "case elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521():",
	},
	{
		Name: "first-call-of-an-announced-tenant", Rule: "registered-by-descriptor", Breaks: "the first call of a tenant that announced itself makes it Registered",
		File: "btp/caller.go", Tests: in("btp", "AnnouncedTenant"),
		Old: "return open && a.Certificate != \"\" && !a.awaitsDescriptor(), err", New: "return open && a.Certificate != \"\", err",
	},
	{
		Name: "first-call-changes-nothing", Rule: "registered-by-first-call", Breaks: "a client without descriptor stays Pending",
		File: "btp/caller.go", Tests: in("btp", "PairingWithoutDescriptor"),
		Old: "			err = u.complete(PointFirstCall, &present.System)\n", New: "",
	},
	{
		Name: "failure-report-without-effect", Rule: "failure-report", Breaks: "a tenant that gives up leaves its system Pending",
		File: "btp/pairing.go", Tests: in("btp", "ReportedFailure"),
		Old: "			if open {\n				return u.fail(PointFailureReport, &s, cause)\n			}\n", New: "			_ = open\n",
	},
	{
		Name: "failed-pairing-keeps-certificate", Rule: "failed-pairing-keeps-nothing", Breaks: "the certificate of a pairing that failed stays good",
		File: "btp/pairing.go", Tests: in("btp", "ReportedFailure|NewTokenEnds|FailedSystem|AbandonedAttempt|FinalFailure"),
		Old: "		if err := u.revokeAll(PointRevocation, s); err != nil {\n			return err\n		}\n", New: "",
	},
	{
		Name: "failed-pairing-without-incident", Rule: "error-opens-incident", Breaks: "a pairing that failed opens no incident",
		File: "btp/pairing.go", Tests: in("btp", "EveryFailureOpensAnIncident|ReportedFailure"),
		Old: "	return u.openSystemIncident(s)\n", New: "	return nil\n",
	},
	{
		Name: "reregistered-by-another-tenant", Rule: "reregister-same-tenant", Breaks: "another tenant registers a deregistered system again",
		File: "btp/pairing.go", Tests: in("btp", "ReRegistration"),
		Old: "if s.FormerTenant == \"\" || tenant == \"\" || tenant == s.FormerTenant {", New: "if true {",
	},
}
