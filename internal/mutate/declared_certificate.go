package main

// certificateMutations break what client certificates say and open.
var certificateMutations = []mutation{
	{
		Name: "certificate-for-91-days", Rule: "certificate-90-days", Breaks: "a client certificate is valid for 91 days",
		File: "btp/registry.go", Tests: in("btp", "CertificateLife"),
		Old: "90 * 24 * time.Hour", New: "91 * 24 * time.Hour",
	},
	{
		Name: "certificate-expired-opens", Rule: "certificate-90-days", Breaks: "an expired client certificate is taken",
		File: "btp/pki/client.go", Tests: in("btp/pki", "VerifyClient|AnyYear"),
		Old: "case now.After(leaf.NotAfter):", New: "case leaf.NotAfter.IsZero():",
	},
	{
		Name: "certificate-foreign-opens", Rule: "certificate-needed", Breaks: "a client certificate of another CA is taken",
		File: "btp/pki/client.go", Tests: in("btp/pki", "VerifyClient"),
		Old: "if err := a.issued(leaf); err != nil {", New: "if err := a.issued(leaf); err != nil && leaf.IsCA {",
	},
	{
		Name: "certificate-of-the-ca-opens", Rule: "certificate-needed", Breaks: "the CA's own certificate passes for a client's",
		File: "btp/pki/client.go", Tests: in("btp/pki", "VerifyClient"),
		Old: "	case leaf.IsCA:\n		return errors.New(\"it is a CA's own certificate\")\n", New: "",
	},
	{
		Name: "certificate-for-servers-opens", Rule: "certificate-contents", Breaks: "a client certificate is made for every use",
		File: "btp/pki/client.go", Tests: in("btp/pki", "SignClient|Answer"),
		Old: "[]x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},\n		BasicConstraintsValid", New: "[]x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},\n		BasicConstraintsValid",
	},
	{
		Name: "certificate-revoked-opens", Rule: "deregister-revokes-all", Breaks: "a certificate that deregistration took back is still taken",
		File: "btp/caller.go", Tests: in("btp", "DeregistrationTellsTheTenantThenRevokes|CertificateLife"),
		Old: "if cert.Revoked || cert.RenewalBlocked && u.r.policy.StrictRevocation {", New: "if cert.RenewalBlocked && u.r.policy.StrictRevocation {",
	},
	{
		Name: "certificate-own-revocation-blocks-calls", Rule: "certificate-revocation", Breaks: "a client's own revocation blocks its calls without the switch",
		File: "btp/caller.go", Tests: in("btp", "CertificateLife"),
		Old: "cert.RenewalBlocked && u.r.policy.StrictRevocation", New: "cert.RenewalBlocked",
	},
	{
		Name: "certificate-renewed-after-revocation", Rule: "certificate-revocation", Breaks: "a certificate that its client has revoked is renewed",
		File: "btp/caller.go", Tests: in("btp", "CertificateLife"),
		Old: "		if c.Certificate.RenewalBlocked {\n", New: "		if false {\n",
		Known: "the step that stores the new certificate holds the same guard; this one only saves signing one that would be dropped",
	},
	{
		Name: "certificate-renewed-in-the-step-after-revocation", Rule: "certificate-revocation", Breaks: "a revocation that arrives during a renewal does not stop it",
		File: "btp/caller.go", Tests: in("btp", "Certificate"),
		Old: "			if present.Certificate.RenewalBlocked {\n				return Errorf", New: "			if false {\n				return Errorf",
	},
	{
		Name: "certificate-opens-every-application", Rule: "certificate-own-application", Breaks: "a certificate opens the paths of another application",
		File: "btp/caller.go", Tests: in("btp/connector", "APIMetadata|Publish|ValidatorSuite"),
		Old: "	if application == c.System.ApplicationName {\n		return nil\n	}\n", New: "	if application != \"\" {\n		return nil\n	}\n",
	},
	{
		Name: "renewal-for-another-subject", Rule: "certificate-renewal", Breaks: "a renewal may ask for another subject",
		File: "btp/pki/subject.go", Tests: in("btp/pki", "CheckSubject"),
		Old: "		case there && got == attribute.want:\n", New: "		case there && len(got) == len(attribute.want):\n",
	},
	{
		Name: "forwarded-by-anybody", Rule: "forwarded-certificate", Breaks: "a forwarded certificate is believed from everybody",
		File: "btp/connector/forwarded.go", Tests: in("btp/connector", "Forwarded"),
		Old: "if len(lines) == 0 || !s.trusted(r.RemoteAddr) {", New: "if len(lines) == 0 {",
	},
	{
		Name: "forwarded-first-element", Rule: "forwarded-certificate", Breaks: "of several forwarded certificates the client's own claim counts, not the proxy's",
		File: "btp/connector/forwarded.go", Tests: in("btp/connector", "Forwarded"),
		Old: "splitQuoted(elements[len(elements)-1], ';')", New: "splitQuoted(elements[0], ';')",
	},
}

// accessMutations break who may do what with --auth.
var accessMutations = []mutation{
	{
		Name: "access-token-of-any-audience", Rule: "access-token-is-no-integration-token", Breaks: "a token for another audience is an access token",
		File: "btp/tokenservice/accesstoken.go", Tests: in("btp/tokenservice", "Admit|TokenOfAServiceClient"),
		Old: "return read(raw, key, now, jwt.WithAudience(Audience))", New: "return read(raw, key, now)",
	},
	{
		Name: "access-token-of-any-algorithm", Rule: "access-needs-token", Breaks: "access tokens are verified with the algorithm that they name",
		File: "btp/tokenservice/accesstoken.go", Tests: in("btp/tokenservice", "Admit"),
		Old: "jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), ", New: "",
	},
	{
		Name: "access-token-of-any-key", Rule: "access-needs-token", Breaks: "an access token may name another key than the one that signed it",
		File: "btp/tokenservice/accesstoken.go", Tests: in("btp/tokenservice", "Admit"),
		Old: "if t.Header[\"kid\"] != key.ID || t.Header[\"crit\"] != nil {", New: "if t.Header[\"crit\"] != nil {",
	},
	{
		Name: "access-token-for-ever", Rule: "access-needs-token", Breaks: "an access token without an end is taken",
		File: "btp/tokenservice/accesstoken.go", Tests: in("btp/tokenservice", "Admit"),
		Old: "jwt.WithExpirationRequired(), jwt.WithIssuedAt(),\n		jwt", New: "jwt.WithIssuedAt(),\n		jwt",
	},
	{
		Name: "oauth-secret-unchecked", Rule: "access-needs-token", Breaks: "an OAuth client gets a token with any secret",
		File: "btp/access.go", Tests: in("btp", "TestAuthorize"),
		Old: "if subtle.ConstantTimeCompare(given[:], c.Secret[:]) != 1 {", New: "if subtle.ConstantTimeCompare(given[:], c.Secret[:]) != 1 && c.ID == \"\" {",
	},
	{
		Name: "viewer-writes", Rule: "role-viewer", Breaks: "a System Landscape Viewer changes the landscape",
		File: "btp/role.go", Tests: in("btp", "TestRoles|TestAdmit"),
		Old: "permissions: []Permission{LandscapeRead},", New: "permissions: []Permission{LandscapeRead, LandscapeWrite},",
	},
	{
		Name: "landscape-administrator-entitles", Rule: "role-landscape-administrator", Breaks: "a System Landscape Administrator gives entitlements",
		File: "btp/role.go", Tests: in("btp", "TestRoles|TestAdmit"),
		Old: "permissions: []Permission{LandscapeRead, LandscapeWrite},", New: "permissions: []Permission{LandscapeRead, LandscapeWrite, EntitlementsWrite},",
	},
	{
		Name: "viewer-sees-tokens", Rule: "role-viewer", Breaks: "a viewer may see tokens",
		File: "btp/httpapi/access.go", Tests: in("btp/httpapi", "EveryRouteHasItsPermission|SecretsAreNotForViewers"),
		Old: "\"GET /api/v1/systems/:id/token\":                    btp.LandscapeWrite,", New: "\"GET /api/v1/systems/:id/token\":                    btp.LandscapeRead,",
	},
	{
		Name: "viewer-sees-credentials", Rule: "role-viewer", Breaks: "a viewer may see the credentials of bindings",
		File: "btp/httpapi/access.go", Tests: in("btp/httpapi", "EveryRouteHasItsPermission|SecretsAreNotForViewers"),
		Old: "\"GET /api/v1/serviceBindings/:id\":                             btp.LandscapeWrite,", New: "\"GET /api/v1/serviceBindings/:id\":                             btp.LandscapeRead,",
	},
	{
		Name: "undecided-route-is-open", Rule: "access-needs-token", Breaks: "a route that the table of permissions lacks is open to all",
		File: "btp/httpapi/access.go", Tests: in("btp/httpapi", "EveryRouteHasItsPermission|Admitted"),
		Old: "if known && needed == anyone {", New: "if needed == anyone {",
	},
	{
		Name: "role-in-every-account", Rule: "role-in-one-account", Breaks: "who has a role in one global account sees the systems of another",
		File: "btp/account_scope.go", Tests: []tests{{"btp", "TestNothingReachesAcrossAccounts|TestAdmit"}, {"btp/httpapi", "Admitted"}, {"features", "TestFeatures$/.*(account|role|Administrator).*"}},
		Old: "bool { return u.scope != \"\" && u.scope != ga }", New: "bool { return u.scope != \"\" && ga == \"\" }",
	},
	{
		Name: "tenant-administrator-of-another-tenant", Rule: "role-tenant-administrator", Breaks: "the administrator of one tenant acts in another",
		File: "internal/tenant/authorize.go", Tests: in("internal/tenant", "Administrator"),
		Old: "		if own != t.cfg.ID {\n", New: "		if own == \"\" {\n",
	},
	{
		Name: "account-administrator-of-a-tenant", Rule: "role-tenant-administrator", Breaks: "a role in a global account is one in a tenant",
		File: "internal/tenant/authorize.go", Tests: in("internal/tenant", "Administrator"),
		Old: "case !slices.Contains(said.Scope, administratorScope):", New: "case len(said.Scope) == 0:",
	},
	{
		Name: "control-from-any-page", Rule: "origin-checked", Breaks: "a page of another origin changes something on the control listener",
		File: "btp/control/guard.go", Tests: in("btp/control", "TestGuard"),
		Old: "		case crossOrigin.Check(c.Request) != nil && !fromConfigured(c.Request, hosts()):\n", New: "		case crossOrigin.Check(c.Request) != nil && hosts == nil:\n",
	},
	{
		Name: "control-under-any-name", Rule: "origin-checked", Breaks: "a name that resolves to loopback reaches the control listener (DNS rebinding)",
		File: "btp/control/guard.go", Tests: in("btp/control", "TestGuard"),
		Old: "		case !own(c.Request.Host):\n			refuse(c, \"this listener is not addressed under this name\")\n", New: "",
	},
	{
		Name: "control-key-by-its-beginning", Rule: "origin-checked", Breaks: "any control key opens a listener that was started with one",
		File: "btp/control/guard.go", Tests: in("btp/control", "ControlKey"),
		Old: "subtle.ConstantTimeCompare(got[:], want[:]) == 1", New: "subtle.ConstantTimeCompare(got[:], want[:]) <= 1",
	},
	{
		Name: "pages-run-foreign-scripts", Rule: "cockpit-own-sources-only", Breaks: "the cockpit's pages run scripts from everywhere",
		File: "btp/cockpit/cockpit.go", Tests: in("btp/cockpit", "ThePageRunsOnly"),
		Old: "script-src 'self';", New: "script-src *;",
	},
	{
		Name: "secrets-in-logs", Rule: "token-secret-nowhere", Breaks: "what looks like a secret reaches the log",
		File: "internal/secret/secret.go", Tests: in("internal/secret", "Logs"),
		Old: "return slog.String(a.Key, Mask(v.String()))", New: "return slog.String(a.Key, v.String())",
	},
	{
		Name: "short-secrets-stay", Rule: "token-secret-nowhere", Breaks: "random texts of less than 64 bytes are not masked",
		File: "internal/secret/secret.go", Tests: in("internal/secret", "."),
		Old: "	shortest = 24", New: "	shortest = 64",
	},
}
