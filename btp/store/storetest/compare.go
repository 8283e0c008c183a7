package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/rapidtest"
)

// Compare lets two stores carry out the same random changes, refused ones among
// them, and holds every answer of the one against the other's.
func Compare(t *testing.T, a, b btp.Store) {
	rapidtest.Volume(t, 100, 1000)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		world := btp.EnvironmentID(fmt.Sprintf("world-%d", run)) // a fresh one in the same stores
		for range rapid.IntRange(1, 12).Draw(rt, "changes") {
			ops := rapid.SliceOfN(rapid.Custom(drawOp), 1, 8).Draw(rt, "ops")
			refused := rapid.IntRange(0, 3).Draw(rt, "refused") == 0
			var answers [2][]string
			for i, s := range []btp.Store{a, b} {
				err := s.Update(context.Background(), world, func(tx btp.Tx) error {
					answers[i] = nil
					for _, op := range ops {
						answers[i] = append(answers[i], op.do(tx))
					}
					if refused {
						return errRefused
					}
					return nil
				})
				if err != nil && !errors.Is(err, errRefused) {
					rt.Fatalf("Update: %v", err)
				}
			}
			if diff := differ(answers[0], answers[1]); diff != "" {
				rt.Fatalf("answers differ (-first +second):\n%s", diff)
			}
		}
		first, second := contents(rt, a, world), contents(rt, b, world)
		if diff := differ(first, second); diff != "" {
			rt.Fatalf("contents differ (-first +second):\n%s", diff)
		}
		from, to := a, b
		if drawFlag.Draw(rt, "back") {
			from, to = b, a
		}
		if err := moveContents(from, to, world); err != nil {
			rt.Fatal(err)
		}
		if diff := differ(first, contents(rt, to, world+"-moved")); diff != "" {
			rt.Fatalf("what is read of moved contents differs (-before +after):\n%s", diff)
		}
	})
}

// op is one write, and what it answers.
type op struct {
	name string
	do   func(btp.Tx) string
}

func (o op) String() string { return o.name }

var (
	drawNumber = rapid.IntRange(1, 6)
	drawGA     = rapid.SampledFrom([]btp.GlobalAccountID{"ga", "ga2"})
	drawType   = rapid.SampledFrom([]string{commerce, marketing})
	drawState  = rapid.SampledFrom([]btp.TokenState{btp.TokenLive, btp.TokenRedeemed, btp.TokenVoided, btp.TokenRanOut})
	drawStatus = rapid.SampledFrom(btp.Statuses[:4])
	drawFlag   = rapid.Bool()
)

func answer(err error) string { return string(btp.CodeOf(err)) }

// drawOp draws a write on a handful of ids, so that they meet often.
func drawOp(t *rapid.T) op {
	n, m := drawNumber.Draw(t, "n"), drawNumber.Draw(t, "m")
	id := func(kind string, n int) string { return fmt.Sprintf("%s-%d", kind, n) }
	owner := btp.SystemID(id("system", m))
	at := start.Add(time.Duration(drawNumber.Draw(t, "at")) * time.Minute)
	read := drawFlag.Draw(t, "read") // rules read before they write
	switch kind := rapid.IntRange(0, 22).Draw(t, "kind"); kind {
	case 0, 1, 2:
		x := fullSystem(n)
		x.GlobalAccount, x.Type, x.Status, x.UpdatedAt = drawGA.Draw(t, "ga"), drawType.Draw(t, "type"), drawStatus.Draw(t, "status"), at
		if m <= 3 {
			x.Failure, x.Tenant, x.Discovery = nil, nil, nil
		}
		x.ExtensionDeleted, x.FormerTenant = m%2 == 0, id("tenant", m)
		if m == 6 {
			x.Name, x.ApplicationName = "System 1", id("mp-system", n)
		}
		if m == 5 {
			x.ApplicationName = "mp-system-2"
		}
		return op{fmt.Sprintf("put system %+v", x), func(tx btp.Tx) string {
			if read {
				_, _ = tx.Systems().Get(x.ID)
			}
			return answer(tx.Systems().Put(x))
		}}
	case 3:
		return op{id("delete system", n), func(tx btp.Tx) string { return answer(tx.Systems().Delete(btp.SystemID(id("system", n)))) }}
	case 4, 5:
		k := token(id("token", n), id("system", n%3+1)) // a token never changes its system
		k.GlobalAccount, k.Type, k.State, k.ExpiresAt = drawGA.Draw(t, "ga"), drawType.Draw(t, "type"), drawState.Draw(t, "state"), at
		return op{fmt.Sprintf("put token %+v", k), func(tx btp.Tx) string {
			if read {
				_, _, _ = tx.Tokens().Find(k.ID)
			}
			return answer(tx.Tokens().Put(k))
		}}
	case 6:
		return op{id("delete token", n), func(tx btp.Tx) string { return answer(tx.Tokens().Delete(btp.TokenID(id("token", n)))) }}
	case 7:
		a := attempt(id("attempt", n), string(owner), 0)
		if drawFlag.Draw(t, "open") {
			a.FollowUp = btp.Digest{byte(n)} // one digest, one attempt
		}
		a.RejectedCSRs = m
		return op{fmt.Sprintf("put attempt %+v", a), func(tx btp.Tx) string {
			return answer(all(tx.Attempts().Delete(a.ID), tx.Attempts().Put(a)))
		}}
	case 8:
		return op{id("delete attempt", n), func(tx btp.Tx) string {
			if read {
				_, _, _ = tx.Attempts().FindBySystem(owner)
			}
			return answer(tx.Attempts().Delete(btp.AttemptID(id("attempt", n))))
		}}
	case 9:
		c := certificate(id("serial", n), string(owner), at)
		c.Revoked = drawFlag.Draw(t, "revoked")
		gone := drawFlag.Draw(t, "gone")
		return op{fmt.Sprintf("put certificate %+v, gone %v", c, gone), func(tx btp.Tx) string {
			err := tx.Certificates().Put(c)
			if gone {
				err = all(err, tx.Certificates().Delete(c.Serial))
			}
			return answer(err)
		}}
	case 10:
		v := fullService(string(owner), id("service", n), uint64(n))
		gone := drawFlag.Draw(t, "gone")
		return op{fmt.Sprintf("put service %s of %s, gone %v", v.ID, v.System, gone), func(tx btp.Tx) string {
			err := tx.Services().Put(v)
			if gone {
				err = all(err, tx.Services().Delete(v.System, v.ID))
			}
			return answer(err)
		}}
	case 11, 12:
		return drawDue(t, id("subject", n), at)
	case 13, 14:
		return drawFormation(t, n, m, at)
	case 15:
		f := btp.FormationID(id("formation", n))
		return op{"delete " + string(f), func(tx btp.Tx) string { return answer(tx.Formations().Delete(f)) }}
	case 16, 17:
		return drawAssignment(t, n, m, at)
	case 18:
		return drawEntitlement(t, n, m, at)
	case 19:
		return drawIncident(t, n, m, at)
	case 20:
		return drawKept(t, n, m, at)
	case 21:
		return drawEvents(t, n, m, at)
	default:
		e := environment("ignored")
		e.Sequence = uint64(n)
		g := btp.GlobalAccount{ID: btp.GlobalAccountID(id("ga", n)), Subdomain: id("sub", m)}
		return op{fmt.Sprintf("put environment %d and account %+v", n, g), func(tx btp.Tx) string {
			_, _ = tx.Accounts().Global(g.Subdomain)
			return answer(tx.Environment().Put(e)) + answer(tx.Accounts().PutGlobal(g))
		}}
	}
}

// drawDue draws a write of due work; its claims run on the same few minutes.
func drawDue(t *rapid.T, subject string, at time.Time) op {
	kind := rapid.SampledFrom([]btp.DueKind{btp.DueTokenExpiry, btp.DueCertExpiry}).Draw(t, "due kind")
	switch what := rapid.SampledFrom([]string{"put", "cancel", "claim", "let go of", "park"}).Draw(t, "what"); what {
	case "put":
		d := btp.Due{At: at, Kind: kind, Subject: subject, Tries: int(at.Unix() % 3), ClaimedUntil: at, Parked: true} // which Put does not keep
		switch rapid.SampledFrom([]string{"its instant", "reads", "a release"}).Draw(t, "waits for") {
		case "reads":
			d.Reads = 2
		case "a release":
			d.Hold = btp.HoldID(string(kind) + subject)
		}
		return op{fmt.Sprintf("put due %+v", d), func(tx btp.Tx) string { return answer(tx.Due().Put(d)) }}
	case "cancel":
		return op{fmt.Sprintf("cancel %s of %s", kind, subject), func(tx btp.Tx) string { return answer(tx.Due().Cancel(kind, subject)) }}
	default:
		if what == "let go of" {
			at = time.Time{}
		}
		return op{fmt.Sprintf("%s %s of %s until %s", what, kind, subject, at), func(tx btp.Tx) string {
			if what == "park" {
				return answer(tx.Due().Park(kind, subject, at))
			}
			return answer(tx.Due().Claim(kind, subject, at))
		}}
	}
}

func drawFormation(t *rapid.T, n, m int, at time.Time) op {
	f := fullFormation(n)
	f.GlobalAccount, f.UpdatedAt = drawGA.Draw(t, "ga"), at
	f.Subaccount = rapid.SampledFrom([]btp.SubaccountID{"", "dev", "test"}).Draw(t, "subaccount")
	f.Systems = rapid.SliceOfNDistinct(rapid.SampledFrom([]btp.SystemID{"system-1", "system-2", "system-3", "system-4"}), 0, 4, rapid.ID).Draw(t, "systems")
	switch m {
	case 1, 2, 3:
		f.Failure = nil
	case 4:
		f.Sequence += 6 // it moves
	case 5:
		f.Sequence = 2
	case 6:
		f.Name = "Formation 1"
	}
	return op{fmt.Sprintf("put formation %+v", f), func(tx btp.Tx) string { return answer(tx.Formations().Put(f)) }}
}

// drawAssignment draws fewer pairs than ids, so that pairs are assigned anew.
func drawAssignment(t *rapid.T, n, m int, at time.Time) op {
	a := fullAssignment(fmt.Sprintf("assignment-%d", n), fmt.Sprintf("formation-%d", m%2+1))
	pairs := []btp.Participant{application("system-1"), application("system-2"), runtimeOf("dev")}
	a.Source, a.Target = pairs[m%3], rapid.SampledFrom(pairs).Draw(t, "target")
	a.State, a.UpdatedAt = rapid.SampledFrom(btp.AssignmentStates).Draw(t, "state"), at
	if drawFlag.Draw(t, "bare") {
		a.Configuration, a.Error = nil, ""
	}
	if drawFlag.Draw(t, "gone") {
		return op{fmt.Sprintf("delete %s of %s", a.ID, a.Formation), func(tx btp.Tx) string { return answer(tx.Assignments().Delete(a.Formation, a.ID)) }}
	}
	return op{fmt.Sprintf("put assignment %+v", a), func(tx btp.Tx) string { return answer(tx.Assignments().Put(a)) }}
}

func drawEntitlement(t *rapid.T, n, m int, at time.Time) op {
	e := entitlement(n)
	e.GlobalAccount, e.System, e.CreatedAt = drawGA.Draw(t, "ga"), btp.SystemID(fmt.Sprintf("system-%d", m%3+1)), at
	e.Subaccount = rapid.SampledFrom([]btp.SubaccountID{"dev", "test"}).Draw(t, "subaccount")
	e.Plan = rapid.SampledFrom(btp.ExtensibilityPlans).Draw(t, "plan")
	if m == 5 {
		e.Sequence = 2
	}
	gone := drawFlag.Draw(t, "gone")
	return op{fmt.Sprintf("put entitlement %+v, gone %v", e, gone), func(tx btp.Tx) string {
		code := answer(tx.Entitlements().Put(e))
		if gone {
			code += answer(tx.Entitlements().Delete(e.ID))
		}
		return code
	}}
}

func drawIncident(t *rapid.T, n, m int, at time.Time) op {
	i := incident(n)
	i.GlobalAccount, i.Subject.ID, i.OpenedAt = drawGA.Draw(t, "ga"), fmt.Sprintf("system-%d", m%3+1), at
	if drawFlag.Draw(t, "resolved") {
		i.ResolvedAt, i.Resolution = at.Add(time.Minute), "by support"
	}
	if m == 5 {
		i.Sequence = 2
	}
	gone := drawFlag.Draw(t, "gone")
	return op{fmt.Sprintf("put incident %+v, gone %v", i, gone), func(tx btp.Tx) string {
		code := answer(tx.Incidents().Put(i))
		if gone {
			code += answer(tx.Incidents().Delete(i.ID))
		}
		return code
	}}
}

// drawKept draws what is kept by a name alone: reservations, replays and clients.
func drawKept(t *rapid.T, n, m int, at time.Time) op {
	name := fmt.Sprintf("kept-%d", n)
	r, p, c := reservation(name, 0), replay(name), oauthClient(name)
	r.GlobalAccount, r.CreatedAt, p.CreatedAt, c.CreatedAt = drawGA.Draw(t, "ga"), at, at, at
	if drawFlag.Draw(t, "release") { // one digest, one reservation
		r.Release = btp.Digest{byte(n), byte(len(r.GlobalAccount)), byte(m % 2)}
	}
	p.Request, c.Secret = btp.Digest{byte(m)}, btp.Digest{byte(m)}
	if drawFlag.Draw(t, "gone") {
		return op{"delete " + name + " in " + string(r.GlobalAccount), func(tx btp.Tx) string {
			return answer(all(tx.Reservations().Delete(r.GlobalAccount, name), tx.Replays().Delete(name), tx.OAuthClients().Delete(name)))
		}}
	}
	return op{fmt.Sprintf("put %+v", r), func(tx btp.Tx) string {
		return answer(all(tx.Reservations().Put(r), tx.Replays().Put(p), tx.OAuthClients().Put(c)))
	}}
}

// drawEvents draws a write of a subscription and of a delivery.
func drawEvents(t *rapid.T, n, m int, at time.Time) op {
	s, d := subscription(n), delivery(n, fmt.Sprintf("subscription-%d", m%2))
	s.Subaccount = rapid.SampledFrom([]btp.SubaccountID{"dev", "test"}).Draw(t, "subaccount")
	s.CreatedAt, d.CreatedAt, d.Subaccount, d.Attempts = at, at, s.Subaccount, m
	d.State = rapid.SampledFrom(btp.DeliveryStates).Draw(t, "delivery state")
	gone := drawFlag.Draw(t, "gone")
	return op{fmt.Sprintf("put %+v and %+v, gone %v", s, d, gone), func(tx btp.Tx) string {
		code := answer(all(tx.Subscriptions().Put(s), tx.Deliveries().Put(d)))
		if gone {
			code += answer(all(tx.Subscriptions().Delete(s.ID), tx.Deliveries().Delete(d.Sequence)))
		}
		return code
	}}
}

// contents reads all that drawOp can have written, by every way there is.
func contents(rt *rapid.T, s btp.Store, world btp.EnvironmentID) (found []any) {
	err := s.View(context.Background(), world, func(tx btp.Tx) error {
		found = nil
		note := func(values ...any) {
			for i, v := range values {
				if err, ok := v.(error); ok {
					values[i] = answer(err)
				}
			}
			found = append(found, values...)
		}
		e, known, err := tx.Environment().Find()
		e.ID = ""
		note(e, known, err)
		for _, ga := range []btp.GlobalAccountID{"", "ga", "ga2"} {
			for _, status := range []btp.Status{"", btp.Pending, btp.Registered} {
				for _, systemType := range []string{"", commerce} {
					note(of(tx.Systems().List(btp.SystemFilter{GlobalAccount: ga, Status: status, Type: systemType, After: 1, Limit: 3})))
				}
			}
		}
		for n := 1; n <= 6; n++ {
			name := func(kind string) string { return fmt.Sprintf("%s-%d", kind, n) }
			owner := btp.SystemID(name("system"))
			note(of(tx.Systems().Get(owner)))
			note(of2(tx.Systems().FindByName("ga", fmt.Sprintf("System %d", n))))
			note(of2(tx.Systems().FindByApplicationName(name("mp-system"))))
			note(of2(tx.Tokens().Find(btp.TokenID(name("token")))))
			note(of2(tx.Tokens().FindLatest(owner)))
			note(of2(tx.Attempts().FindBySystem(owner)))
			note(of2(tx.Attempts().FindByFollowUp(btp.Digest{byte(n)})))
			note(of2(tx.Certificates().Find(btp.Serial(name("serial")))))
			note(of(tx.Certificates().ListOf(owner)))
			note(of(tx.Services().ListOf(owner)))
			note(of2(tx.Services().FindByIdentifier(owner, "identifier-"+name("service"))))
			for _, kind := range []btp.DueKind{btp.DueTokenExpiry, btp.DueCertExpiry} {
				note(of2(tx.Due().Find(kind, name("subject"))))
				note(of2(tx.Due().FindHeld(btp.HoldID(string(kind) + name("subject")))))
			}
			for real := range 7 {
				note(of2(tx.Due().Next(start.Add(time.Duration(n)*time.Minute), start.Add(time.Duration(real)*time.Minute))))
				note(of2(tx.Due().NextFree(start.Add(time.Duration(n)*time.Minute), start.Add(time.Duration(real)*time.Minute))))
			}
			note(of(tx.Accounts().Global(name("ga"))))
			note(of(tx.Accounts().Global(name("sub"))))
		}
		for _, ga := range []btp.GlobalAccountID{"ga", "ga2"} {
			note(of(tx.Tokens().CountLive(ga, commerce)))
			note(of(tx.Tokens().CountLive(ga, marketing)))
		}
		note(of(tx.Due().ListHeld(4)))
		note(of(tx.Tokens().LastExpiry("k1")))
		note(lifeContents(tx)...)
		return nil
	})
	if err != nil {
		rt.Fatalf("View: %v", err)
	}
	return found
}

// lifeContents is contents of formations, entitlements, incidents and what is
// kept by a name.
func lifeContents(tx btp.Tx) (found []any) {
	note := func(values []any) { found = append(found, values...) }
	for _, ga := range []btp.GlobalAccountID{"", "ga", "ga2"} {
		for _, system := range []btp.SystemID{"", "system-1", "system-2", "system-3"} {
			for _, sub := range []btp.SubaccountID{"", "dev"} {
				for _, after := range []uint64{0, 2} {
					note(of(tx.Formations().List(btp.FormationFilter{GlobalAccount: ga, Subaccount: sub, System: system, After: after, Limit: 3})))
					note(of(tx.Entitlements().List(btp.EntitlementFilter{GlobalAccount: ga, Subaccount: sub, System: system, After: after, Limit: 3})))
				}
			}
			for _, open := range []bool{false, true} {
				note(of(tx.Incidents().List(btp.IncidentFilter{GlobalAccount: ga, Subject: string(system), OpenOnly: open, After: 1, Limit: 3})))
			}
		}
		note(of(tx.Entitlements().List(btp.EntitlementFilter{GlobalAccount: ga, Plan: btp.ExtensibilityPlans[0]})))
	}
	for n := 1; n <= 6; n++ {
		name := func(kind string) string { return fmt.Sprintf("%s-%d", kind, n) }
		formation := btp.FormationID(name("formation"))
		note(of(tx.Formations().Get(formation)))
		note(of(tx.Assignments().ListOf(formation)))
		note(of(tx.Assignments().Count(formation)))
		for _, f := range []btp.FormationID{"formation-1", "formation-2"} {
			note(of2(tx.Assignments().Find(f, btp.AssignmentID(name("assignment")))))
		}
		note(of(tx.Entitlements().Get(btp.EntitlementID(name("entitlement")))))
		note(of(tx.Incidents().Get(btp.IncidentID(name("incident")))))
		for _, ga := range []btp.GlobalAccountID{"ga", "ga2"} {
			note(of2(tx.Formations().FindByName(ga, fmt.Sprintf("Formation %d", n))))
			note(of2(tx.Reservations().Find(ga, name("kept"))))
			for m := range 2 {
				note(of2(tx.Reservations().FindByRelease(btp.Digest{byte(n), byte(len(ga)), byte(m)})))
			}
		}
		note(of2(tx.Replays().Find(name("kept"))))
	}
	note(of(tx.OAuthClients().List()))
	for _, sub := range []btp.SubaccountID{"", "dev", "test"} {
		note(of(tx.Subscriptions().ListOf(sub)))
		note(of(tx.Deliveries().List(btp.DeliveryFilter{Subaccount: sub, State: btp.DeliveryDead, After: 1, Limit: 2})))
	}
	for _, id := range []btp.SubscriptionID{"subscription-0", "subscription-1"} {
		note(of2(tx.Subscriptions().Find(id)))
		note(of(tx.Deliveries().Count(id, btp.DeliveryWaiting)))
		note(of(tx.Deliveries().List(btp.DeliveryFilter{Subscription: id, State: btp.DeliveryWaiting})))
		note(of(tx.Deliveries().List(btp.DeliveryFilter{Subscription: id})))
	}
	return found
}

func of[T any](v T, err error) []any { return []any{v, answer(err)} }

func of2[T any](v T, ok bool, err error) []any { return []any{v, ok, answer(err)} }
