// Package storetest holds every btp.Store against the same contract. A store's
// own test is one call of Run, and of RunDurable if it keeps what it is told.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pairsim/pairsim/btp"
)

const (
	env   btp.EnvironmentID = "default"
	other btp.EnvironmentID = "other"

	commerce  = "SAP Commerce Cloud"
	marketing = "SAP Marketing Cloud"
)

// start is the instant at which all examples begin; nanoseconds must survive.
var start = time.Date(2021, 10, 4, 8, 30, 0, 123456789, time.UTC)

var errRefused = errors.New("refused")

// Run checks a store. open returns an empty store and arranges its own cleanup.
func Run(t *testing.T, open func(t *testing.T) btp.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, btp.Store)
	}{
		{"a refused change saves nothing", testRefusedChange},
		{"a panic in a change saves nothing", testPanic},
		{"a change sees what it wrote", testOwnWrites},
		{"a view writes nothing", testViewWritesNothing},
		{"a view sees one consistent state", testConsistentView},
		{"environments do not see each other", testEnvironments},
		{"environments are listed", testEnvironmentList},
		{"a dropped environment leaves nothing", testDrop},
		{"dropping takes its turn", testDropWaits},
		{"waiting ends with the context", testWaiting},
		{"concurrent increments are serializable", testIncrements},
		{"of racing redemptions one pairs", testRacingRedemptions},
		{"what goes in is no longer the caller's", testSharedMemoryIn},
		{"what comes out is the caller's", testSharedMemoryOut},
		{"environment", testEnvironment},
		{"terms of an environment", testTerms},
		{"accounts", testAccounts},
		{"systems", testSystems},
		{"a name is taken once", testNameTaken},
		{"lists of systems", testLists},
		{"tokens", testTokens},
		{"live tokens are counted through all their states", testCountLive},
		{"last expiry of a key", testLastExpiry},
		{"keys", testKeys},
		{"attempts", testAttempts},
		{"certificates", testCertificates},
		{"services", testServices},
		{"due work", testDue},
		{"due work is claimed", testClaims},
		{"due work waits for something else", testDueThatWaits},
		{"policies of transitions", testTransitions},
		{"authorities", testAuthorities},
		{"formations", testFormations},
		{"a name of a formation is taken once", testFormationNameTaken},
		{"lists of formations", testFormationLists},
		{"assignments", testAssignments},
		{"assignments are counted through all their states", testAssignmentCount},
		{"entitlements", testEntitlements},
		{"lists of entitlements", testEntitlementLists},
		{"incidents", testIncidents},
		{"lists of incidents", testIncidentLists},
		{"reservations", testReservations},
		{"replays", testReplays},
		{"clients of the token service", testOAuthClients},
		{"subscriptions", testSubscriptions},
		{"deliveries", testDeliveries},
		{"objects of platform services", testObjects},
		{"lists of objects", testObjectLists},
		{"everything at once", testContents},
		{"a closed store refuses", testClosed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// update and view fail the test when the store refuses; get lets a read stand
// where an expression is needed.
func update(t testing.TB, s btp.Store, env btp.EnvironmentID, change func(btp.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), env, change); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t testing.TB, s btp.Store, env btp.EnvironmentID, read func(btp.Tx) error) {
	t.Helper()
	if err := s.View(context.Background(), env, read); err != nil {
		t.Fatalf("View: %v", err)
	}
}

func get[T any](t testing.TB, s btp.Store, read func(btp.Tx) (T, error)) T {
	t.Helper()
	var got T
	view(t, s, env, func(tx btp.Tx) (err error) {
		got, err = read(tx)
		return err
	})
	return got
}

// find is get for a read that may find nothing.
func find[T any](t testing.TB, s btp.Store, read func(btp.Tx) (T, bool, error)) (got T, ok bool) {
	t.Helper()
	view(t, s, env, func(tx btp.Tx) (err error) {
		got, ok, err = read(tx)
		return err
	})
	return got, ok
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := differ(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// differ says where two values differ, empty and nil being the same. What is the same in
// memory, as nearly all is, is not looked at further: explaining takes most of the time.
func differ(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	if ws, ok := want.([]any); ok {
		if gs, ok := got.([]any); ok && len(ws) == len(gs) {
			want, got = unlike(ws, gs)
		}
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// unlike are the pairs of two lists that are not the same in memory.
func unlike(want, got []any) (ws, gs []any) {
	for i := range want {
		if !reflect.DeepEqual(want[i], got[i]) {
			ws, gs = append(ws, want[i]), append(gs, got[i])
		}
	}
	return ws, gs
}

func wantCode(t testing.TB, what string, err error, want btp.Code) {
	t.Helper()
	if got := btp.CodeOf(err); got != want {
		t.Errorf("%s: got code %q (%v), want %q", what, got, err, want)
	}
}

// all joins the errors of several writes.
func all(errs ...error) error { return errors.Join(errs...) }

func system(n int) btp.System {
	return btp.System{
		ID: btp.SystemID(fmt.Sprintf("system-%d", n)), GlobalAccount: "ga", Name: fmt.Sprintf("System %d", n),
		Type: commerce, ApplicationName: fmt.Sprintf("mp-system-%d", n), Status: btp.Pending, Sequence: uint64(n),
		CreatedAt: start, UpdatedAt: start,
	}
}

func fullSystem(n int) btp.System {
	s := system(n)
	s.Status = btp.Failed
	s.RegisteredAt = start.Add(time.Minute)
	s.FormerTenant, s.ExtensionDeleted, s.EventRuntime = "former", true, "dev"
	s.Discovery = &btp.Discovery{Auto: true, URL: "https://t.example", SystemID: `"<&>`, BusinessType: "Test", CorrelationIDs: []string{"a", "b"}}
	s.Failure = &btp.Failure{Cause: `"<&> ü`, Step: btp.PointCSR, Component: "BC-CP-MP", At: start.Add(time.Second)}
	s.Tenant = &btp.Descriptor{
		TenantID: "t", URL: "https://t.example", CallbackURL: "https://t.example/back",
		CommunicationScenarios: []string{"SAP_COM_0001", "SAP_COM_0002"},
		WakeAt:                 start.Add(time.Hour),
	}
	return s
}

func token(id, system string) btp.Token {
	return btp.Token{
		ID: btp.TokenID(id), System: btp.SystemID(system), GlobalAccount: "ga", Type: commerce, KeyID: "k1",
		State: btp.TokenLive, IssuedAt: start.Truncate(time.Second), ExpiresAt: start.Truncate(time.Second).Add(10 * time.Minute),
	}
}

func attempt(id, system string, followUp byte) btp.Attempt {
	a := btp.Attempt{
		ID: btp.AttemptID(id), System: btp.SystemID(system), Token: "token", Tenant: "tenant",
		OpenedAt: start, Deadline: start.Add(10 * time.Minute),
	}
	if followUp != 0 {
		a.FollowUp = btp.Digest{31: followUp}
	}
	return a
}

func certificate(serial, system string, from time.Time) btp.Certificate {
	return btp.Certificate{
		Serial: btp.Serial(serial), System: btp.SystemID(system), NotBefore: from, NotAfter: from.Add(90 * 24 * time.Hour),
	}
}

func service(system, id string, sequence uint64) btp.Service {
	return btp.Service{
		ID: btp.ServiceID(id), System: btp.SystemID(system), Sequence: sequence, Provider: "SAP", Name: "service " + id,
		Description: "d", UpdatedAt: start,
	}
}

func fullService(system, id string, sequence uint64) btp.Service {
	s := service(system, id, sequence)
	parameters := func(v string) *btp.RequestParameters {
		return &btp.RequestParameters{
			Headers: map[string][]string{"X-H": {v, "2"}}, QueryParameters: map[string][]string{"q": {v}},
		}
	}
	s.ShortDescription, s.Identifier = "short", "identifier-"+id
	s.Labels = map[string]string{"connected-app": "mp-" + system}
	s.Documentation = []byte(`{"displayName": "<b>",  "x":1}`)
	s.Events = &btp.ServiceEvents{Spec: []byte(`{"asyncapi": "2.0.0"}`)}
	s.API = &btp.ServiceAPI{
		TargetURL: "https://api.example", APIType: "OData", SpecificationURL: "https://api.example/spec",
		Spec:              []byte("{ \"openapi\":\n\"3.0\" }"),
		RequestParameters: parameters("target"),
		Credentials: &btp.Credentials{
			OAuth: &btp.OAuthCredentials{
				URL: "https://token.example", ClientID: "id", ClientSecret: "secret",
				RequestParameters: parameters("oauth"), CSRFTokenURL: "https://csrf.example",
			},
			Basic: &btp.BasicCredentials{Username: "u", Password: "p", CSRFTokenURL: "c"},
			CertificateGen: &btp.CertificateCredentials{
				CommonName: "cn", CertificatePEM: []byte("certificate"), PrivateKeyPEM: []byte("key"), CSRFTokenURL: "c",
			},
			OAuthWithCertificate: &btp.OAuthCertificateCredentials{
				URL: "https://token.example", ClientID: "id", CertificatePEM: []byte("certificate"), PrivateKeyPEM: []byte("key"),
				RequestParameters: parameters("oauth"), CSRFTokenURL: "https://csrf.example",
			},
		},
		MissingSecret: btp.SecretCredentials,
	}
	return s
}

func environment(id btp.EnvironmentID) btp.Environment {
	return btp.Environment{
		ID: id, UUID: "uuid-" + string(id), Edition: "v1", Seed: 1<<63 + 7, Sequence: 3, Generation: 2,
		Clock:     btp.Clock{Frozen: true, At: start, Ref: start.Add(time.Hour)},
		ActiveKey: "k1", KeyAlgorithm: "ES256",
	}
}

// populate stores one of everything, all fields filled.
func populate(tx btp.Tx) error {
	return all(
		tx.Environment().Put(environment(env)),
		tx.Environment().PutTerms(terms()),
		tx.Accounts().PutGlobal(btp.GlobalAccount{ID: "ga", DisplayName: "GA", Subdomain: "sub"}),
		tx.Accounts().PutSub(btp.Subaccount{
			ID: "dev", GlobalAccount: "ga", DisplayName: "Dev", Subdomain: "dev", Region: "eu10",
			Environments: []btp.RuntimeEnvironment{btp.CloudFoundry, btp.Kyma}, Version: 3,
			Stopped: &btp.StoppedSync{Applications: []btp.SystemID{"system-1"}, Name: "mp-system"},
		}),
		tx.Systems().Put(fullSystem(1)),
		tx.Tokens().Put(token("t1", "system-1")),
		tx.Keys().Put(btp.SigningKey{ID: "k1", Algorithm: "ES256", Private: []byte{0, 1, 2}, CreatedAt: start}),
		tx.Attempts().Put(attempt("a1", "system-1", 1)),
		tx.Certificates().Put(certificate("c1", "system-1", start)),
		tx.Services().Put(fullService("system-1", "s1", 4)),
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueTokenExpiry, Subject: "t1"}),
		tx.Due().Claim(btp.DueTokenExpiry, "t1", start.Add(time.Hour)),
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueRemoval, Subject: "s1", Hold: "hold"}),
		tx.Transitions().Put("removing", btp.TransitionPolicy{Held: true}),
		tx.Authorities().Put(btp.ClientAuthority, btp.AuthorityMaterial{
			RootPEM: []byte("root"), IssuingPEM: []byte("issuing"), IssuingKeyPEM: []byte("key"),
		}),
		tx.Formations().Put(fullFormation(1)),
		tx.Assignments().Put(fullAssignment("as1", "formation-1")),
		tx.Entitlements().Put(entitlement(1)),
		tx.Incidents().Put(incident(1)),
		tx.Reservations().Put(reservation("Reserved", 1)),
		tx.Replays().Put(replay("replay")),
		tx.OAuthClients().Put(oauthClient("client")),
		tx.Subscriptions().Put(subscription(1)),
		tx.Deliveries().Put(delivery(1, "subscription-1")),
		tx.Objects().Put(object(1)),
	)
}

// everything reads what populate and the tests around it store.
func everything(tx btp.Tx) (map[string]any, error) {
	var errs []error
	note := func(err error) {
		if err != nil && btp.CodeOf(err) == btp.Internal {
			errs = append(errs, err)
		}
	}
	found := map[string]any{}
	keep := func(name string, value any, ok bool, err error) {
		note(err)
		found[name] = nil
		if ok && err == nil {
			found[name] = value
		}
	}
	e, ok, err := tx.Environment().Find()
	keep("environment", e, ok, err)
	known, ok, err := tx.Environment().FindTerms()
	keep("terms", known, ok, err)
	g, err := tx.Accounts().Globals()
	keep("globals", g, len(g) > 0, err)
	sub, err := tx.Accounts().Subs("")
	keep("subs", sub, len(sub) > 0, err)
	list, err := tx.Systems().List(btp.SystemFilter{})
	keep("systems", list, len(list) > 0, err)
	k, ok, err := tx.Tokens().FindLatest("system-1")
	keep("token", k, ok, err)
	live, err := tx.Tokens().CountLive("ga", commerce)
	keep("live", live, live > 0, err)
	keys, err := tx.Keys().List()
	keep("keys", keys, len(keys) > 0, err)
	a, ok, err := tx.Attempts().FindBySystem("system-1")
	keep("attempt", a, ok, err)
	certificates, err := tx.Certificates().ListOf("system-1")
	keep("certificates", certificates, len(certificates) > 0, err)
	services, err := tx.Services().ListOf("system-1")
	keep("services", services, len(services) > 0, err)
	d, ok, err := tx.Due().Earliest(start)
	keep("due", d, ok, err)
	d, ok, err = tx.Due().FindHeld("hold")
	keep("held", d, ok, err)
	policy, ok, err := tx.Transitions().Find("removing")
	keep("policy", policy, ok, err)
	m, ok, err := tx.Authorities().Find(btp.ClientAuthority)
	keep("authority", m, ok, err)
	formations, err := tx.Formations().List(btp.FormationFilter{})
	keep("formations", formations, len(formations) > 0, err)
	formations, err = tx.Formations().List(btp.FormationFilter{System: "system-1"})
	keep("formations of a system", formations, len(formations) > 0, err)
	assignments, err := tx.Assignments().ListOf("formation-1")
	keep("assignments", assignments, len(assignments) > 0, err)
	count, err := tx.Assignments().Count("formation-1")
	keep("count", count, len(count) > 0, err)
	entitlements, err := tx.Entitlements().List(btp.EntitlementFilter{})
	keep("entitlements", entitlements, len(entitlements) > 0, err)
	entitlements, err = tx.Entitlements().List(btp.EntitlementFilter{System: "system-1"})
	keep("entitlements of a system", entitlements, len(entitlements) > 0, err)
	incidents, err := tx.Incidents().List(btp.IncidentFilter{})
	keep("incidents", incidents, len(incidents) > 0, err)
	incidents, err = tx.Incidents().List(btp.IncidentFilter{Subject: "system-1", OpenOnly: true})
	keep("open incidents of a system", incidents, len(incidents) > 0, err)
	r, ok, err := tx.Reservations().Find("ga", "Reserved")
	keep("reservation", r, ok, err)
	r, ok, err = tx.Reservations().FindByRelease(reservation("", 1).Release)
	keep("reservation by release token", r, ok, err)
	p, ok, err := tx.Replays().Find("replay")
	keep("replay", p, ok, err)
	clients, err := tx.OAuthClients().List()
	keep("clients", clients, len(clients) > 0, err)
	subscriptions, err := tx.Subscriptions().ListOf("dev")
	keep("subscriptions", subscriptions, len(subscriptions) > 0, err)
	deliveries, err := tx.Deliveries().List(btp.DeliveryFilter{Subscription: "subscription-1", State: btp.DeliveryWaiting})
	keep("deliveries", deliveries, len(deliveries) > 0, err)
	deliveries, err = tx.Deliveries().List(btp.DeliveryFilter{Subaccount: "dev"})
	keep("deliveries of a subaccount", deliveries, len(deliveries) > 0, err)
	objects, err := tx.Objects().List(btp.ObjectFilter{Kind: btp.KindServiceInstance, Parent: "parent"})
	keep("objects", objects, len(objects) > 0, err)
	return found, errors.Join(errs...)
}

// change overwrites and deletes what populate stored, and adds more.
func change(tx btp.Tx) error {
	s := system(1)
	s.Name, s.Status = "Renamed", btp.Registered
	used := token("t1", "system-1")
	used.State = btp.TokenRedeemed
	e := environment(env)
	e.Sequence, e.Clock.Frozen = 99, false
	f, i, released := formation(1), incident(1), reservation("Reserved", 9)
	f.Name, f.Systems = "Renamed", []btp.SystemID{"system-3"}
	i.ResolvedAt, i.Resolution = start.Add(time.Hour), "by support"
	return all(
		tx.Environment().Put(e),
		tx.Environment().PutTerms(btp.Terms{}),
		tx.Accounts().PutGlobal(btp.GlobalAccount{ID: "ga", DisplayName: "Other", Subdomain: "sub2"}),
		tx.Accounts().PutGlobal(btp.GlobalAccount{ID: "ga2", Subdomain: "sub3"}),
		tx.Accounts().PutSub(btp.Subaccount{ID: "dev", GlobalAccount: "ga2"}),
		tx.Systems().Put(s),
		tx.Systems().Put(system(2)),
		tx.Tokens().Put(used),
		tx.Tokens().Put(token("t2", "system-1")),
		tx.Tokens().Delete("t1"),
		tx.Keys().Put(btp.SigningKey{ID: "k2", CreatedAt: start.Add(-time.Hour)}),
		tx.Keys().Delete("k1"),
		tx.Attempts().Put(attempt("a2", "system-1", 2)),
		tx.Attempts().Delete("a2"),
		tx.Certificates().Put(certificate("c0", "system-1", start.Add(-time.Hour))),
		tx.Certificates().Delete("c1"),
		tx.Services().Put(service("system-1", "s0", 1)),
		tx.Services().Delete("system-1", "s1"),
		tx.Due().Claim(btp.DueTokenExpiry, "t1", time.Time{}),
		tx.Due().Put(btp.Due{At: start.Add(-time.Hour), Kind: btp.DueTokenExpiry, Subject: "t1"}),
		tx.Due().Cancel(btp.DueTokenExpiry, "t1"),
		tx.Due().Put(btp.Due{At: start, Kind: btp.DueRemoval, Subject: "s1"}),
		tx.Due().Cancel(btp.DueRemoval, "s1"),
		tx.Transitions().Put("removing", btp.TransitionPolicy{Reads: 1}),
		tx.Transitions().Put("deregistering", btp.TransitionPolicy{Reads: 1}),
		tx.Authorities().Put(btp.ClientAuthority, btp.AuthorityMaterial{}),
		tx.Formations().Put(f),
		tx.Formations().Put(fullFormation(2)),
		tx.Assignments().Put(assignment("as2", "formation-1", application("system-1"), runtimeOf("dev"))), // instead of as1
		tx.Assignments().Put(assignment("as3", "formation-1", application("system-1"), application("system-1"))),
		tx.Entitlements().Put(entitlement(2)),
		tx.Incidents().Put(i),
		tx.Incidents().Put(incident(2)),
		tx.Reservations().Put(released),
		tx.Reservations().Put(reservation("Reserved too", 1)),
		tx.Replays().Put(btp.Replay{Key: "replay"}),
		tx.OAuthClients().Put(btp.OAuthClient{ID: "client"}),
		tx.OAuthClients().Put(oauthClient("a client")),
		tx.Subscriptions().Put(subscription(2)),
		tx.Subscriptions().Delete("subscription-1"),
		tx.Deliveries().Put(btp.Delivery{Sequence: 1, Subscription: "subscription-1", State: btp.DeliveryDead}),
		tx.Deliveries().Put(delivery(2, "subscription-2")),
		tx.Deliveries().Delete(1),
		tx.Formations().Delete("formation-1"),
		tx.Assignments().Delete("formation-1", "as2"),
		tx.Entitlements().Delete("entitlement-1"),
		tx.Incidents().Delete("incident-2"),
		tx.Reservations().Delete("ga", "Reserved"),
		tx.Replays().Delete("replay"),
		tx.OAuthClients().Delete("client"),
		tx.Systems().Delete("system-2"),
		tx.Systems().Delete("system-1"),
	)
}
