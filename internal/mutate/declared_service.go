package main

// serviceMutations break service instances, bindings and their doors.
var serviceMutations = []mutation{
	{
		Name: "quota-one-more", Rule: "entitlement-quota", Breaks: "one instance more than the quota is made",
		File: "btp/services/engine.go", Tests: in("btp/services", "Quota"),
		Old: "if e.Quota > 0 && used >= e.Quota {", New: "if e.Quota > 0 && used > e.Quota {",
	},
	{
		Name: "instance-without-entitlement", Rule: "offering-needs-entitlement", Breaks: "a subaccount sees services that it is not entitled to",
		File: "btp/services/engine.go", Tests: in("btp/services", "AnOfferingIsVisible|CreationIsRefused"),
		Old: "if !p.NeedsEntitlement || len(entitled) > 0 && (!p.NeedsSystem || len(o.Systems[p.Name]) > 0) {", New: "if true {",
	},
	{
		Name: "instance-of-an-unregistered-system", Rule: "offering-needs-entitlement", Breaks: "a service is offered for a system that is not registered any more",
		File: "btp/services/engine.go", Tests: in("btp/services", "AnOfferingIsVisible"),
		Old: "			if system.Status == btp.Registered {\n", New: "			if system.Status != btp.Gone {\n",
	},
	{
		Name: "instance-name-twice", Rule: "instance-names-unique", Breaks: "two service instances of a subaccount have one name",
		File: "btp/services/engine.go", Tests: in("btp/services", "CreationIsRefused|ConcurrentCreations"),
		Old: "string(i.Subaccount), i.Name); err != nil || taken {", New: "string(i.Subaccount), i.Name); err != nil || taken && i.Name == \"\" {",
	},
	{
		Name: "instance-deleted-with-bindings", Rule: "instance-binding-blocks-deletion", Breaks: "an instance is deleted with its bindings",
		File: "btp/services/engine.go", Tests: in("btp/services", "InstanceFromCreation|SynchronousPlan"),
		Old: "		if err := e.withoutBindings(s, &i); err != nil {\n			return err\n		}\n", New: "",
	},
	{
		Name: "instance-two-operations", Rule: "instance-one-operation", Breaks: "an instance is deleted while it is being created",
		File: "btp/services/engine.go", Tests: in("btp/services", "OneOperationAtATime"),
		Old: "		about = i.reference()\n		if i.Operation.State == InProgress {\n			return inProgress(&i)\n		}\n		if err := e.withoutBindings", New: "		about = i.reference()\n		if err := e.withoutBindings",
	},
	{
		Name: "instance-bound-too-early", Rule: "instance-one-operation", Breaks: "an instance is bound while it is being created",
		File: "btp/services/bindings.go", Tests: in("btp/services", "OneOperationAtATime|AHeldCreation"),
		Old: "	case i.Operation.State == InProgress:\n		return b, inProgress(i)\n	case !i.Usable():", New: "	case !i.Usable():",
	},
	{
		Name: "parameters-of-any-size", Rule: "instance-parameters", Breaks: "parameters have no bound",
		File: "btp/services/rules.go", Tests: in("btp/services", "CreationIsRefused|Parameters"),
		Old: "	if len(given) > MaxParameters {\n", New: "	if len(given) < 0 {\n",
	},
	{
		Name: "osb-old-version", Rule: "broker-codes", Breaks: "the broker understands X-Broker-API-Version 2.13",
		File: "btp/broker/osb.go", Tests: in("btp/broker", "Broker"),
		Old: "const oldestMinor = 14", New: "const oldestMinor = 13",
	},
	{
		Name: "osb-gone-is-not-found", Rule: "broker-codes", Breaks: "the broker answers 404 where an instance that is to be deleted is gone",
		File: "btp/broker/osb.go", Tests: in("btp/broker", "Broker"),
		Old: "&osbError{http.StatusGone,", New: "&osbError{http.StatusNotFound,",
	},
	{
		Name: "osb-sync-client", Rule: "broker-codes", Breaks: "the broker does not ask for accepts_incomplete",
		File: "btp/broker/osb.go", Tests: in("btp/broker", "Broker"),
		Old: "	if plan.Asynchronous && !incomplete {\n", New: "	if plan.Asynchronous && incomplete && n.ID == \"\" {\n",
	},
	{
		Name: "osb-again-is-created", Rule: "broker-codes", Breaks: "a repeated provisioning answers 201",
		File: "btp/broker/osb.go", Tests: in("btp/broker", "Broker"),
		Old: "	case v.Usable():\n		return answer{http.StatusOK, gin.H{}}, nil\n	}\n	return answer{}, btp.Errorf(btp.InstanceExists,", New: "	case v.Usable():\n		return answer{http.StatusCreated, gin.H{}}, nil\n	}\n	return answer{}, btp.Errorf(btp.InstanceExists,",
	},
	{
		Name: "osb-instance-of-another-subaccount", Rule: "account-boundary", Breaks: "a platform sees the instances of another subaccount",
		File: "btp/broker/osb.go", Tests: in("btp/broker", "Broker"),
		Old: "	if err == nil && v.Subaccount != from.subaccount {\n", New: "	if err == nil && v.Subaccount == \"\" {\n",
	},
	{
		Name: "osb-binding-of-another-subaccount", Rule: "account-boundary", Breaks: "a platform reads the credentials of another subaccount's binding",
		File: "btp/broker/osb.go", Tests: in("btp/broker", "Broker"),
		Old: "(i.Subaccount != from.subaccount || i.ID != c.Param(\"id\"))", New: "i.ID != c.Param(\"id\")",
	},
	{
		Name: "instance-of-an-unregistered-system-by-name", Rule: "instance-system-registered", Breaks: "an instance names a system that is not registered",
		File: "btp/extensibility/offering.go", Tests: in("btp/extensibility", "WhichSystems"),
		Old: "	case system.Status != btp.Registered:\n", New: "	case system.Status == btp.Gone:\n",
	},
	{
		Name: "em-client-id-twice", Rule: "messaging-emclientid-unique", Breaks: "two instances of messaging have one emClientId",
		File: "btp/extensibility/offering.go", Tests: in("btp/extensibility", "Messaging|EmClient"),
		Old: "one.ID != i.ID && taken == p.EmClientID {", New: "one.ID == i.ID && taken == p.EmClientID {",
	},
	{
		Name: "instance-over-a-destination", Rule: "instance-destination-name-free", Breaks: "an instance takes the place of a destination of its name",
		File: "btp/extensibility/offering.go", Tests: in("btp/extensibility", "DestinationInTheWay"),
		Old: "		err = nameFree(s, i)\n", New: "		_ = nameFree(s, i)\n",
	},
	{
		Name: "token-of-another-service", Rule: "token-service", Breaks: "a token of one platform service opens the API of another",
		File: "btp/serviceclient.go", Tests: in("btp/tokenservice", "AdmitService"),
		Old: "			if p.Service != service {\n", New: "			if p.Service == \"\" {\n",
	},
}

// destinationMutations break destinations and what is signed for them.
var destinationMutations = []mutation{
	{
		Name: "destination-with-any-authentication", Rule: "destination-properties", Breaks: "BasicAuthentication needs no password",
		File: "btp/destination/check.go", Tests: in("btp/destination", "TestCheck"),
		Old: "BasicAuthentication:             {User, Password},", New: "BasicAuthentication:             {User},",
	},
	{
		Name: "destination-secrets-shown", Rule: "destination-secrets-hidden", Breaks: "a client secret is no secret",
		File: "btp/destination/destination.go", Tests: in("btp/destination", "Secrets"),
		Old: "strings.HasSuffix(name, \"secret\") ||", New: "strings.HasSuffix(name, \"secrets\") ||",
	},
	{
		Name: "destination-replaces-silently", Rule: "destination-names", Breaks: "a new destination replaces one of its name",
		File: "btp/destination/destination.go", Tests: in("btp/destination", "."),
		Old: "	case there && d.New:\n", New: "	case there && d.New && d.Name == \"\":\n",
	},
	{
		Name: "destination-of-the-subaccount-first", Rule: "destination-find", Breaks: "an instance's own destination does not hide that of the subaccount",
		File: "btp/destination/destination.go", Tests: []tests{{"btp/destination", "NamesAreUnique"}, {"btp/destination/rest", "InstanceLevel"}},
		Old: "	if instance != \"\" {\n		if d, err := Find(s, subaccount, instance, name);", New: "	if instance != \"\" {\n		if d, err := Find(s, subaccount, \"\", name);",
	},
	{
		Name: "destination-with-user-in-url", Rule: "destination-properties", Breaks: "a URL may hold user and password",
		File: "btp/destination/check.go", Tests: in("btp/destination", "TestCheck"),
		Old: "	case u.User != nil:\n		return \"must hold no user or password\"\n", New: "",
	},
	{
		Name: "trust-for-three-years", Rule: "destination-trust-two-years", Breaks: "a trust certificate is valid for three years",
		File: "btp/destination/trust.go", Tests: in("btp/destination", "Trust"),
		Old: "const TrustYears = 2", New: "const TrustYears = 3",
	},
	{
		Name: "assertion-by-an-expired-trust", Rule: "destination-saml", Breaks: "an assertion is signed although the trust has expired",
		File: "btp/destination/rest/token.go", Tests: in("btp/destination/rest", "SAML"),
		Old: "	if !a.IssuedAt.Before(signer.NotAfter) {\n", New: "	if signer.NotAfter.IsZero() {\n",
	},
	{
		Name: "assertion-for-an-hour", Rule: "destination-saml", Breaks: "an assertion may be redeemed for an hour",
		File: "btp/saml/assertion.go", Tests: in("btp/saml", "."),
		Old: "const Validity = 10 * time.Minute", New: "const Validity = 60 * time.Minute",
	},
	{
		Name: "assertion-without-audience", Rule: "product-saml-bearer", Breaks: "a tenant takes an assertion for another audience",
		File: "internal/tenant/saml.go", Tests: in("internal/tenant", "Assertion"),
		Old: "return strings.TrimSpace(text) == use.audience", New: "return text != \"\"",
	},
	{
		Name: "assertion-for-another-recipient", Rule: "product-saml-bearer", Breaks: "a tenant takes an assertion for another recipient",
		File: "internal/tenant/saml.go", Tests: in("internal/tenant", "Assertion"),
		Old: "		case c.Data[0].Recipient != use.recipient:\n", New: "		case c.Data[0].Recipient == \"\":\n",
	},
	{
		Name: "assertion-at-its-end", Rule: "product-saml-bearer", Breaks: "a tenant takes an assertion at the instant of its end",
		File: "internal/tenant/saml.go", Tests: in("internal/tenant", "Assertion"),
		Old: "	case !use.now.Before(until):\n", New: "	case use.now.After(until):\n",
	},
	{
		Name: "assertion-before-its-time", Rule: "product-saml-bearer", Breaks: "a tenant takes an assertion before its NotBefore",
		File: "internal/tenant/saml.go", Tests: in("internal/tenant", "Assertion"),
		Old: "err != nil || use.now.Before(from) {", New: "err != nil {",
	},
	{
		Name: "assertion-of-another-issuer", Rule: "product-saml-bearer", Breaks: "a tenant takes an assertion of another issuer",
		File: "internal/tenant/saml.go", Tests: in("internal/tenant", "Assertion"),
		Old: "len(a.Issuers) != 1 || strings.TrimSpace(a.Issuers[0]) != use.issuer:", New: "len(a.Issuers) != 1:",
	},
	{
		Name: "assertion-signed-by-sha1", Rule: "product-saml-bearer", Breaks: "a tenant takes any signature method",
		File: "internal/tenant/saml.go", Tests: in("internal/tenant", "Assertion"),
		Old: "		case \"SignatureMethod\":\n			known = signatureMethods\n", New: "",
	},
	{
		Name: "assertion-digested-by-sha1", Rule: "product-saml-bearer", Breaks: "a tenant takes any digest method",
		File: "internal/tenant/saml.go", Tests: in("internal/tenant", "Assertion"),
		Old: "		case \"DigestMethod\":\n			known = digestMethods\n", New: "",
	},
	{
		Name: "assertion-unsigned", Rule: "product-saml-bearer", Breaks: "a tenant does not check the signature of an assertion",
		File: "internal/tenant/saml.go", Tests: in("internal/tenant", "Assertion"),
		Old: "	signed, err := check.Validate(root)\n	if err != nil || signed == nil {\n", New: "	_ = check\n	signed := root\n	if signed == nil {\n",
	},
	{
		Name: "assertion-for-a-year", Rule: "product-saml-bearer", Breaks: "a tenant takes an assertion however long it is valid",
		File: "internal/tenant/saml.go", Tests: in("internal/tenant", "Assertion"),
		Old: "if expires.After(use.now.Add(maxAssertionLife)) {", New: "if expires.IsZero() {",
	},
}

// eventMutations break events and the event bus.
var eventMutations = []mutation{
	{
		Name: "event-sent-nine-times", Rule: "event-retried", Breaks: "an event is sent nine times before it is given up",
		File: "btp/subscription.go", Tests: in("btp", "EventsDie|EventsArrive"),
		Old: "MaxDeliveryAttempts = 8", New: "MaxDeliveryAttempts = 9",
	},
	{
		Name: "event-sent-again-at-once", Rule: "event-retried", Breaks: "an event that is not taken is sent again at equal intervals",
		File: "btp/subscriptions.go", Tests: in("btp", "EventsDie|EventsArrive"),
		Old: "wait := time.Second << (d.Attempts - 1)", New: "wait := time.Second",
	},
	{
		Name: "event-of-every-version", Rule: "event-name-cleaned", Breaks: "a subscription gets the events of another version",
		File: "btp/subscription.go", Tests: in("btp", "EventsAreMatched|EventsAreNamed"),
		Old: "s.Source == source && s.Version == version && ", New: "s.Source == source && ",
	},
	{
		Name: "event-without-application", Rule: "event-needs-application", Breaks: "events go to a runtime that the application has left",
		File: "btp/subscriptions.go", Tests: in("btp", "DeregistrationEndsDeliveries|OneRuntime"),
		Old: "	if !slices.Contains(runtimes, s.Subaccount) {\n		n, err", New: "	if len(runtimes) < 0 {\n		n, err",
	},
	{
		Name: "event-to-everybody", Rule: "event-sink-permitted", Breaks: "a subscription may name any sink",
		File: "btp/subscriptions.go", Tests: []tests{{"btp", "BadSubscriptions|Sink"}, {"btp/httpapi", "Operator|Golden|BadInput"}, {"features", "TestFeatures$/.*(sink|Sink|host|permitted).*"}},
		Old: "			if err := r.config.Deliverer.CheckSink(ctx, n.Sink); err != nil {\n				return err\n			}\n", New: "			_ = r.config.Deliverer.CheckSink(ctx, n.Sink)\n",
	},
	{
		Name: "event-queue-without-end", Rule: "event-retried", Breaks: "any number of events waits for a subscription",
		File: "btp/subscriptions.go", Tests: in("btp", "SubscriberFallsBehind"),
		Old: "	waiting, err := u.Deliveries().Count(s.ID, DeliveryWaiting)\n	if err != nil {\n		return err\n	}\n	if waiting >= MaxWaitingDeliveries {", New: "	waiting, err := u.Deliveries().Count(s.ID, DeliveryWaiting)\n	if err != nil {\n		return err\n	}\n	if waiting < 0 {",
	},
	{
		Name: "webhook-without-handshake", Rule: "bus-webhook", Breaks: "a webhook that allows another origin is content",
		File: "btp/eventmesh/webhook/webhook.go", Tests: in("btp/eventmesh/webhook", "Handshake"),
		Old: "return a == \"*\" || strings.EqualFold(a, origin)", New: "return a != \"\"",
	},
	{
		Name: "message-acknowledged-by-nobody", Rule: "bus-acknowledgement", Breaks: "a message that was consumed at least once is gone without an acknowledgement",
		File: "btp/eventmesh/message.go", Tests: in("btp/eventmesh", "DeliveredAgain"),
		Old: "	if qos == AtMostOnce {\n		q.Head", New: "	if qos == AtMostOnce || qos == AtLeastOnce {\n		q.Head",
	},
	{
		Name: "message-outlives-its-expiry", Rule: "bus-expiry", Breaks: "a message is consumed at the instant of its expiry",
		File: "btp/eventmesh/message.go", Tests: in("btp/eventmesh", "Expire"),
		Old: "err != nil || s.Now().Before(m.ExpiresAt) {", New: "err != nil || m.ID != \"\" {",
		Known: "due work at the message's expiry has removed it before any step can read it at that instant",
	},
	{
		Name: "message-beyond-the-namespace", Rule: "bus-own-namespace", Breaks: "a client publishes outside of its namespace",
		File: "btp/eventmesh/topic.go", Tests: in("btp/eventmesh", "Namespace|RuleThatIsGiven"),
		Old: "	if len(filters) == 0 {\n		filters = []string{ownNamespace + \"/#\"}\n	}\n", New: "	if len(filters) == 0 {\n		return true\n	}\n",
	},
	{
		Name: "call-to-link-local", Rule: "outbound-bounded", Breaks: "a call goes to a link-local address",
		File: "internal/outbound/outbound.go", Tests: in("internal/outbound", "Permit|RefusedHosts"),
		Old: "	case ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip.IsUnspecified():\n", New: "	case ip.IsMulticast(), ip.IsUnspecified():\n",
	},
	{
		Name: "call-to-anybody", Rule: "outbound-bounded", Breaks: "a call goes to a host that nobody has allowed",
		File: "internal/outbound/outbound.go", Tests: in("internal/outbound", "Permit|RefusedHosts"),
		Old: "	case !named && !ip.IsLoopback():\n", New: "	case !named && !ip.IsValid():\n",
	},
	{
		Name: "call-with-credentials-of-another-host", Rule: "outbound-bounded", Breaks: "a redirect takes credentials to another host",
		File: "internal/outbound/outbound.go", Tests: in("internal/outbound", "Redirects"),
		Old: "		req.Header = http.Header{}\n", New: "		_ = http.Header{}\n",
	},
	{
		Name: "call-of-any-length", Rule: "outbound-bounded", Breaks: "an answer to a call has no bound",
		File: "internal/outbound/outbound.go", Tests: in("internal/outbound", "Bounds"),
		Old: "	if int64(len(body)) > c.maxBytes {\n", New: "	if len(body) < 0 {\n",
	},
}
