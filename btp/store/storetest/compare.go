package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/pairsim/pairsim/btp"
)

// Compare lets two stores carry out the same random changes, refused ones among
// them, and holds every answer of the one against the other's.
func Compare(t *testing.T, a, b btp.Store) {
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
			if diff := cmp.Diff(answers[0], answers[1]); diff != "" {
				rt.Fatalf("answers differ (-first +second):\n%s", diff)
			}
		}
		first, second := contents(rt, a, world), contents(rt, b, world)
		if diff := cmp.Diff(first, second, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("contents differ (-first +second):\n%s", diff)
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
	switch kind := rapid.IntRange(0, 12).Draw(t, "kind"); kind {
	case 0, 1, 2:
		x := fullSystem(n)
		x.GlobalAccount, x.Type, x.Status, x.UpdatedAt = drawGA.Draw(t, "ga"), drawType.Draw(t, "type"), drawStatus.Draw(t, "status"), at
		if m <= 3 {
			x.Failure, x.Tenant = nil, nil
		}
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
	case 11:
		d := btp.Due{At: at, Kind: rapid.SampledFrom([]btp.DueKind{btp.DueTokenExpiry, btp.DueCertExpiry}).Draw(t, "due kind"), Subject: id("subject", n)}
		gone := drawFlag.Draw(t, "gone")
		return op{fmt.Sprintf("put due %+v, gone %v", d, gone), func(tx btp.Tx) string {
			if gone {
				return answer(tx.Due().Cancel(d.Kind, d.Subject))
			}
			return answer(tx.Due().Put(d))
		}}
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
			note(of2(tx.Due().Next(start.Add(time.Duration(n) * time.Minute))))
			note(of(tx.Accounts().Global(name("ga"))))
			note(of(tx.Accounts().Global(name("sub"))))
		}
		for _, ga := range []btp.GlobalAccountID{"ga", "ga2"} {
			note(of(tx.Tokens().CountLive(ga, commerce)))
			note(of(tx.Tokens().CountLive(ga, marketing)))
		}
		note(of(tx.Tokens().LastExpiry("k1")))
		return nil
	})
	if err != nil {
		rt.Fatalf("View: %v", err)
	}
	return found
}

func of[T any](v T, err error) []any { return []any{v, answer(err)} }

func of2[T any](v T, ok bool, err error) []any { return []any{v, ok, answer(err)} }
