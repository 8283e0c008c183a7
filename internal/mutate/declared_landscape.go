package main

// leavingMutations break how systems leave.
var leavingMutations = []mutation{
	{
		Name: "deregister-out-of-a-formation", Rule: "deregister-blocked-by-formation", Breaks: "a system is deregistered while it is in a formation",
		File: "btp/guard.go", Tests: in("btp", "WhatHoldsASystem|ServerHoldsTheGuards"),
		Old: "list = append(list, Blocker{KindFormation,", New: "_ = append(list, Blocker{KindFormation,",
	},
	{
		Name: "deregister-with-entitlement", Rule: "deregister-blocked-by-entitlement", Breaks: "a system is deregistered while an entitlement configuration names it",
		File: "btp/guard.go", Tests: in("btp", "WhatHoldsASystem|ServerHoldsTheGuards"),
		Old: "list = append(list, Blocker{KindEntitlement,", New: "_ = append(list, Blocker{KindEntitlement,",
	},
	{
		Name: "deregister-names-the-first-blocker", Rule: "deregister-names-blockers", Breaks: "the refusal names what it found first, and no more",
		File: "btp/guard.go", Tests: in("btp", "WhatHoldsASystem|ServerHoldsTheGuards"),
		Old: "			first = &Guards[i]\n", New: "			first = &Guards[i]\n			break\n",
	},
	{
		Name: "deregister-revokes-before-telling", Rule: "deregister-failure-keeps-credentials", Breaks: "certificates are revoked before the tenant is told",
		File: "btp/deregistration.go", Tests: in("btp", "TenantThatCannotBeTold|DeregistrationTells|TenantIsTold"),
		Old: "	if s.tellable() {\n", New: "	if err := u.revokeAll(PointDeregisterDone, s); err != nil {\n		return nil, err\n	}\n	if s.tellable() {\n",
	},
	{
		Name: "deregister-tells-nobody", Rule: "deregister-tells-tenant", Breaks: "a tenant with a callback is not told",
		File: "btp/deregistration.go", Tests: in("btp", "DeregistrationTells|TenantThatCannotBeTold"),
		Old: "return s.Tenant != nil && s.Tenant.CallbackURL != \"\" && !s.ExtensionDeleted", New: "return s.Tenant != nil && s.Tenant.CallbackURL == \"-\" && !s.ExtensionDeleted",
	},
	{
		Name: "deregister-in-spite-of-failure", Rule: "deregister-failure-keeps-credentials", Breaks: "a tenant that could not be told does not stop the deregistration",
		File: "btp/deregistration.go", Tests: in("btp", "TenantThatCannotBeTold|FaultBehindTheNotice"),
		Old: "			return u.failLeaving(j.point, s, DeregistrationFailed, failure)\n", New: "			_ = j.point\n",
	},
	{
		Name: "deregister-keeps-certificates", Rule: "deregister-revokes-all", Breaks: "a deregistration leaves the certificates good",
		File: "btp/deregistration.go", Tests: in("btp", "DeregistrationTells|ReRegistration"),
		Old: "	if err := u.revokeAll(point, s); err != nil {\n		return err\n	}\n	if err := u.keepName", New: "	if err := u.keepName",
	},
	{
		Name: "notice-passes-for-a-token", Rule: "notice-is-signed", Breaks: "the notice to a tenant pairs a system",
		File: "btp/deregistration.go", Tests: in("btp", "NoticeIsNoIntegrationToken|DeregistrationTells"),
		Old: "const DeregistrationAudience = \"pairsim:deregistration\"", New: "const DeregistrationAudience = TokenAudience",
	},
	{
		Name: "name-free-before-the-tenant-says-so", Rule: "system-name-kept-by-tenant", Breaks: "v1: the name of a Marketing Cloud system is free with its row",
		File: "btp/deregistration.go", Tests: in("btp", "NameOfAMarketingSystem"),
		Old: "	return u.Reservations().Put(Reservation{\n		GlobalAccount: s.GlobalAccount, Name: s.Name, System: s.ID, TenantID: s.Tenant.TenantID, Release: release, CreatedAt: u.now,\n	})", New: "	return nil",
	},
	{
		Name: "extension-deleted-with-instances", Rule: "extension-in-use", Breaks: "an extension is deleted while service instances stand on it",
		File: "btp/deregistration.go", Tests: []tests{{"btp", "Extension"}, {"btp/extensibility", "."}, {"features", "TestFeatures$/.*(extension|Extension|instance).*"}},
		Old: "			if err := u.noInstances(ObjectFilter{System: s.ID}, ExtensionInUse, fmt.Sprintf(\"system %q\", s.Name)); err != nil {\n				return err\n			}\n", New: "",
	},
	{
		Name: "name-taken-is-free", Rule: "system-name-unique", Breaks: "two systems of a global account have one name",
		File: "btp/register.go", Tests: in("btp", "NamesAreUnique"),
		Old: "	} else if taken {\n		return System{}, Errorf(NameTaken, \"there is a system", New: "	} else if taken && name == \"\" {\n		return System{}, Errorf(NameTaken, \"there is a system",
	},
	{
		Name: "name-of-umlauts", Rule: "system-name-ascii", Breaks: "a system's name may hold DEL and what is beyond ASCII",
		File: "btp/name.go", Tests: in("btp", "SystemNames"),
		Old: "b < 0x20 || b > 0x7e", New: "b < 0x20",
	},
	{
		Name: "name-of-101-bytes", Rule: "system-name-bounds", Breaks: "a system's name has 101 bytes",
		File: "btp/name.go", Tests: in("btp", "SystemNames"),
		Old: "	MaxSystemName      = 100\n", New: "	MaxSystemName      = 101\n",
	},
	{
		Name: "key-of-another-request", Rule: "create-idempotency-key", Breaks: "an Idempotency-Key that came with another request answers with what that made",
		File: "btp/idempotency.go", Tests: in("btp", "RepeatedCreates"),
		Old: "	case known && before.Request != digest:\n", New: "	case known && before.Request == (Digest{}):\n",
	},
	{
		Name: "key-of-another-account", Rule: "create-idempotency-key", Breaks: "what one global account made is answered to another's Idempotency-Key",
		File: "btp/idempotency.go", Tests: in("btp", "KeysAreEachAccountsOwn"),
		Old: "	stored := operation + \"\\x00\" + string(u.scope) + \"\\x00\" + string(key)\n", New: "	stored := operation + \"\\x00\" + string(key)\n",
	},
}

// formationMutations break formations and entitlements.
var formationMutations = []mutation{
	{
		Name: "formation-takes-unpaired-marketing", Rule: "formation-marketing-after-pairing", Breaks: "a Marketing Cloud system joins a formation before it is registered",
		File: "btp/formations.go", Tests: in("btp", "WhoMayJoin"),
		Old: "	case s.Status == Pending && t.Has(FormationBeforePairing):\n", New: "	case s.Status == Pending && t.Name != \"\":\n",
	},
	{
		Name: "formation-takes-who-leaves", Rule: "formation-or-leaving", Breaks: "a system that is being deregistered joins a formation",
		File: "btp/formations.go", Tests: in("btp", "WhoMayJoin"),
		Old: "	case s.Status == Registered:\n		return nil\n", New: "	case s.Status == Registered, s.Status == Deregistering:\n		return nil\n",
	},
	{
		Name: "formation-takes-any-type", Rule: "formation-type", Breaks: "a formation takes systems of every type",
		File: "btp/formations.go", Tests: in("btp", "WhoMayJoin|Formation"),
		Old: "	if !ft.Takes(s.Type) {\n", New: "	if ft.Name == \"\" {\n",
	},
	{
		Name: "formation-of-another-account", Rule: "account-boundary", Breaks: "a system joins a formation of another global account",
		File: "btp/account_scope.go", Tests: in("btp", "NothingReachesAcross"),
		Old: "	if err == nil && s.GlobalAccount != ga {\n		return System{}", New: "	if err == nil && s.GlobalAccount == \"\" {\n		return System{}",
	},
	{
		Name: "formation-name-of-v1-in-capitals", Rule: "formation-name", Breaks: "v1: a formation's name has capitals",
		File: "btp/formation.go", Tests: in("btp", "FormationNames"),
		Old: "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", New: "^[A-Za-z0-9]([A-Za-z0-9.-]*[a-z0-9])?$",
	},
	{
		Name: "formation-deleted-with-systems", Rule: "formation-delete-v1", Breaks: "v1: a formation that holds something is deleted",
		File: "btp/formation_deletion.go", Tests: in("btp", "DeletingAFormation|FormationActions"),
		Old: "if u.r.edition.EmptyFirst && len(blockers) > 0 {", New: "if u.r.edition.EmptyFirst && len(blockers) > 2 {",
	},
	{
		Name: "formation-without-environment", Rule: "formation-needs-environment-v1", Breaks: "v1: a formation is made for a subaccount without an environment",
		File: "btp/formations.go", Tests: in("btp", "FormationIsCreated|SubaccountOfAFormation"),
		Old: "	if u.r.edition.EnvironmentFirst && len(s.Environments) == 0 {\n", New: "	if u.r.edition.EnvironmentFirst && s.ID == \"\" {\n",
	},
	{
		Name: "formation-in-shanghai", Rule: "region-excluded", Breaks: "there is a system landscape in China (Shanghai)",
		File: "btp/account.go", Tests: in("btp", "Formation|Entitlement"),
		Old: "{\"cn40\", \"China (Shanghai)\", false}", New: "{\"cn40\", \"China (Shanghai)\", true}",
	},
	{
		Name: "formation-reset-in-error", Rule: "formation-reset", Breaks: "v2: Reset and Resynchronize is offered in Error",
		File: "btp/edition.go", Tests: in("btp", "FormationActions"),
		Old: "ActionResynchronize, ActionDelete}", New: "ActionResynchronize, ActionReset, ActionDelete}",
	},
	{
		Name: "formation-changed-blindly", Rule: "formation-version", Breaks: "a change is made to another version than the one on the screen",
		File: "btp/match.go", Tests: []tests{{"btp", "FormationTakesOneVersion"}, {"btp/httpapi", "IfMatch"}},
		Old: "if !m.Asked || m.Any || slices.Contains(m.Versions, version) {", New: "if !m.Asked || m.Any || len(m.Versions) > 0 {",
	},
	{
		Name: "formation-of-101-systems", Rule: "formation-bounded", Breaks: "a formation holds 101 systems",
		File: "btp/formations.go", Tests: in("btp", "FormationIsBounded"),
		Old: "if len(f.Systems) >= MaxFormationSystems {", New: "if len(f.Systems) > MaxFormationSystems {",
	},
	{
		Name: "formation-draft-gives-access", Rule: "formation-draft", Breaks: "v2: the assignments of a draft are synchronized",
		File: "btp/formation_assignments.go", Tests: in("btp", "Formation|Draft|APIAccess"),
		Old: "	if f.State != FormationReady {\n		return nil\n	}\n	count, err", New: "	count, err",
	},
	{
		Name: "access-without-formation", Rule: "access-needs-pairing-and-formation", Breaks: "a runtime sees the application of a system that is not registered",
		File: "btp/runtime.go", Tests: in("btp", "APIAccess"),
		Old: "err == nil && s.Status == Registered && (t.Has", New: "err == nil && (t.Has",
	},
	{
		Name: "access-to-marketing-in-v1", Rule: "runtime-marketing-v2-only", Breaks: "v1: a Marketing Cloud system is an application in the runtime",
		File: "btp/runtime.go", Tests: in("btp", "APIAccess|WhoMayJoin|Runtime"),
		Old: "&& (t.Has(FormationBeforePairing) || e.AllTypesInRuntime)", New: "",
	},
	{
		Name: "access-while-the-formation-goes", Rule: "access-ends-with-either", Breaks: "a formation that is a draft, or being deleted, still gives access",
		File: "btp/runtime.go", Tests: in("btp", "Formation|APIAccess|Holds"),
		Old: "bool { return f.State == FormationReady }", New: "bool { return f.State != FormationDeleteError }",
	},
	{
		Name: "entitlement-for-the-unregistered", Rule: "entitlement-per-system-and-plan", Breaks: "an entitlement is given for a system that is not registered",
		File: "btp/entitlements.go", Tests: in("btp", "EntitlementRules|ServiceIsInvisible"),
		Old: "	if err == nil && s.Status != Registered {\n", New: "	if err == nil && s.Status == Gone {\n",
	},
	{
		Name: "entitlement-twice", Rule: "entitlement-per-system-and-plan", Breaks: "a plan is entitled twice for one system",
		File: "btp/entitlements.go", Tests: in("btp", "EntitlementRules"),
		Old: "	if len(same) > 0 {\n", New: "	if len(same) > 1 {\n",
	},
	{
		Name: "entitlement-without-environment", Rule: "entitlement-needs-environment", Breaks: "a subaccount with neither Cloud Foundry nor Kyma is entitled",
		File: "btp/entitlements.go", Tests: in("btp", "EntitlementRules"),
		Old: "	if len(sub.Environments) == 0 {\n		return Entitlement{}, withoutEnvironment(sub)\n	}\n", New: "",
	},
	{
		Name: "entitlement-visible-unregistered", Rule: "entitlement-invisible-unregistered", Breaks: "SAP S/4HANA Cloud Extensibility is visible while no system is registered",
		File: "btp/entitlements.go", Tests: in("btp", "ServiceIsInvisible"),
		Old: "			case len(registered) > 0:\n", New: "			case s.PerSystem:\n",
	},
	{
		Name: "entitlement-removed-in-use", Rule: "entitlement-in-use", Breaks: "an entitlement is removed while service instances need it",
		File: "btp/entitlements.go", Tests: in("btp/services", "QuotaAndEntitlementInUse"),
		Old: "			if err := u.noInstances(ObjectFilter{Parent: string(id)}, EntitlementInUse, \"plan \"+e.Plan+\" of subaccount \"+string(e.Subaccount)); err != nil {\n				return err\n			}\n", New: "",
	},
}
