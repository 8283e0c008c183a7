package clientcheck

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/strict"
)

// Check is one thing that a client is held to.
type Check struct {
	ID, Name string
	// Does says what the client has to do.
	Does string
	// Source is the document that it rests on.
	Source string
	// Next is what to do for whoever fails.
	Next string
	// rule is the rule of strictness that is on, or allRules.
	rule strict.Number
	// renews and revokes say that it needs a client that can be asked to.
	renews, revokes bool
	// takesCA says that it needs a client that trusts what it is told.
	takesCA bool
	do      func(context.Context, *trial) error
}

// allRules is the check with every rule of strictness on.
const allRules strict.Number = "S-all"

// Strict says whether it is a rule of strictness, which is drawn by a seed.
func (c Check) Strict() bool { return c.rule != "" }

// paired is the check without which no other says anything.
const paired = "C-01"

// What goes wrong, in the form of docs/faults.md.
var (
	lost      = btpclient.FaultAction{Kind: "drop", When: "after"}
	once      = btpclient.FaultSchedule{Limit: 1}
	always    = btpclient.FaultSchedule{}
	tokenSays = "treat a refused token as final: end with another status than 0, and tell the user to get a new one"
	tryAgain  = "when an answer does not come, end with another status than 0 and forget what you have: a new token must work"
)

// Checks are all checks, in the order in which they are made.
var Checks = append([]Check{
	{
		ID: paired, Name: "pairing", Source: "pairing-protocols §1.3 to §1.6",
		Does: "pairs with a token URL, up to the first call with its certificate, and ends with status 0",
		Next: "run it by hand: pairsim exec --register \"Web Shop=SAP Commerce Cloud\" --report out -- CMD, and read out/journal.ndjson",
		do:   func(ctx context.Context, t *trial) error { return t.mustPair(ctx) },
	},
	{
		ID: "C-02", Name: "second-pairing", Source: "pairing-protocols §1.3 and §1.4",
		Does: "pairs a second system with a token of its own, whatever it kept of the first",
		Next: "keep URLs, key and certificate by system, and take none of them from an earlier pairing",
		do: func(ctx context.Context, t *trial) error {
			if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
				return err
			}
			if err := t.register(ctx, "Second Shop", t.system.Type); err != nil {
				return err
			}
			return t.mustPair(ctx)
		},
	},
	{
		ID: "C-03", Name: "expired-token", Source: "pairing-protocols §1.3 (403, Invalid token)", Next: tokenSays,
		Does: "fails with a token that has expired, and does not ask again and again",
		do: func(ctx context.Context, t *trial) error {
			if _, err := t.control.Advance(ctx, 31*24*time.Hour); err != nil { // longer than any token of any type
				return err
			}
			return t.mustFail(ctx, t.client.Pair, "the token had expired")
		},
	},
	{
		ID: "C-04", Name: "used-token", Source: "pairing-protocols §1.3 (two info calls with the same token)", Next: tokenSays,
		Does: "fails with a token that somebody has used, and does not ask again and again",
		do: func(ctx context.Context, t *trial) error {
			if err := t.present(ctx); err != nil {
				return err
			}
			return t.mustFail(ctx, t.client.Pair, "the token was used up")
		},
	},
	{
		ID: "C-05", Name: "lost-info-answer", Source: "pairing-protocols §1.3 (the info call consumes the token), §10.3", Next: tryAgain,
		Does: "copes when the answer to the token is lost: the token is spent",
		do:   coping("pairing.info", "GET …/signingRequests/info", lost),
	},
	{
		ID: "C-06", Name: "lost-certificate-answer", Source: "pairing-protocols §1.3 (the signing call consumes the second token), §10.3", Next: tryAgain,
		Does: "copes when the answer with the certificate is lost",
		do:   coping("pairing.csr", "POST …/certificates", lost),
	},
	{
		ID: "C-07", Name: "lost-first-answer", Source: "pairing-protocols §1.6, §10.3", Next: tryAgain + "; a GET may be tried again",
		Does: "copes when the answer to its first call with the certificate is lost",
		do:   coping("certificate.authenticate", "the first call with the certificate", lost),
	},
	{
		ID: "C-08", Name: "lost-service-answer", Source: "pairing-protocols §3.1 and §3.2, §10.3",
		Does: "copes when the answer to a service registration is lost, and registers no service twice",
		Next: "before you register a service again, look for it in GET …/metadata/services, or send the same identifier",
		do: func(ctx context.Context, t *trial) error {
			if err := coping("services.create", "POST …/metadata/services", lost)(ctx, t); err != nil || t.unmet != "" {
				return err
			}
			if _, err := t.status(ctx); err != nil {
				return err
			}
			seen := map[string]int{}
			for _, s := range t.system.Services {
				if name := s.Provider + ": " + s.Name; s.Name != "" {
					if seen[name]++; seen[name] == 2 {
						t.fault("it registered the same service twice (%s)", name)
					}
				}
			}
			return nil
		},
	},
	{
		ID: "C-09", Name: "refused-request", Source: "pairing-protocols §1.5 (400)",
		Does: "fails when its certificate request is refused, and does not send it again and again",
		Next: "compare the status with 201, read the error's text, and end with another status than 0",
		do: failing("its certificate request was refused", "POST …/certificates", "pairing.csr",
			btpclient.FaultAction{Kind: "fail", Code: "csr-malformed"}),
	},
	{
		ID: "C-10", Name: "failed-registration", Source: "SEED-000 (the system's status is Error), pairing-protocols §1.5",
		Does: "fails when the registration fails for good while the certificate is signed",
		Next: "end with another status than 0 whatever the refusal is; a new token pairs the system",
		do: failing("the registration had failed", "POST …/certificates", "pairing.csr",
			btpclient.FaultAction{Kind: "fail", Cause: "the automation of the registration failed", Final: true}),
	},
	{
		ID: "C-11", Name: "refused-certificate", Source: "pairing-protocols §1.6 and §1.7 (403)",
		Does: "fails when the registry refuses its certificate",
		Next: "compare the status of management info with 200 before you say that you have paired",
		do: failing("its certificate was refused", "the first call with the certificate", "certificate.authenticate",
			btpclient.FaultAction{Kind: "fail", Code: "certificate-revoked"}),
	},
	{
		ID: "C-12", Name: "garbled-json", Source: "RFC 8259 §2, pairing-protocols §1.4", Next: tryAgain,
		Does: "copes with an answer to the token that is no JSON",
		do:   coping("pairing.info", "GET …/signingRequests/info", btpclient.FaultAction{Kind: "corrupt", Part: "json"}),
	},
	{
		ID: "C-13", Name: "garbled-certificate", Source: "RFC 5280 §4.1, pairing-protocols §1.5",
		Does: "copes with a certificate that cannot be read",
		Next: "parse the certificate, and compare its key with yours, before you keep it",
		do:   coping("pairing.csr", "POST …/certificates", btpclient.FaultAction{Kind: "corrupt", Part: "certificate"}),
	},
	{
		ID: "C-14", Name: "cut-answer", Source: "RFC 9112 §8 (incomplete messages)",
		Does: "copes with an answer that breaks off in the middle",
		Next: "compare what you have read with Content-Length, or let your HTTP library do so",
		do:   coping("pairing.csr", "POST …/certificates", btpclient.FaultAction{Kind: "truncate", Share: 0.5}),
	},
	{
		ID: "C-15", Name: "slow-registry", Source: "docs/faults.md (slow-registry)",
		Does: "waits two seconds for its certificate",
		Next: "wait longer for an answer: the real registry makes accounts while it signs",
		do: func(ctx context.Context, t *trial) error {
			if err := t.goesWrong(ctx, "pairing.csr", btpclient.FaultAction{Kind: "delay", Real: "2s"}, once); err != nil {
				return err
			}
			return t.mustPair(ctx)
		},
	},
	{
		ID: "C-16", Name: "registry-down", Source: "RFC 9110 §15.6.4, docs/faults.md (registry-down)",
		Does: "fails while nothing but 503 is answered, and pairs with the same token afterwards",
		Next: "give up after some tries with another status than 0; the token is not spent, so do not mark it as used",
		do: func(ctx context.Context, t *trial) error {
			if err := t.goesWrong(ctx, "pairing.*", down, always); err != nil {
				return err
			}
			if err := t.mustFail(ctx, t.client.Pair, "the registry was down"); err != nil || len(t.wrong) > 0 {
				return err
			}
			if err := t.control.ClearFaults(ctx); err != nil {
				return err
			}
			return t.mustPair(ctx)
		},
	},
	{
		ID: "C-17", Name: "foreign-registry", Source: "RFC 8446 §4.4.2, RFC 9110 §4.3.4", takesCA: true,
		Does: "sends nothing to a server whose certificate its CA has not signed",
		Next: "verify the server's certificate: the token is a secret (no curl -k, no InsecureSkipVerify, no trust-all manager)",
		do:   foreign,
	},
}, slices.Concat(certificateChecks, strictChecks())...)

// strictChecks are one check for each rule of strictness, and one for all together.
func strictChecks() []Check {
	var list []Check
	for _, r := range strict.Rules {
		list = append(list, Check{
			ID: string(r.Number), Name: r.Name, Source: r.Source, rule: r.Number, do: strictly,
			Does: "pairs though " + r.Does,
			Next: "it may be that " + r.Mistake + "; docs/strictness.md has the rule",
		})
	}
	return append(list, Check{
		ID: string(allRules), Name: "all-rules", Source: "docs/strictness.md", rule: allRules, do: strictly,
		Does: "pairs though all of this but S-11 happens together",
		Next: "switch rules off one by one to find the two that meet: pairsim exec --strict SEED --strict-off RULE -- CMD",
	})
}

// present uses the token up.
func (t *trial) present(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.landscape.HTTP+"/v1/applications/signingRequests/info", nil)
	if err != nil {
		return err
	}
	request.URL.RawQuery = "token=" + t.setting.Token
	response, err := t.http.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the token could not be used up: %s", response.Status)
	}
	_ = response.Body.Close() // it is not read
	return err
}

// coping is a check of a client for which something goes wrong once.
func coping(point, step string, a btpclient.FaultAction) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		if err := t.goesWrong(ctx, point, a, once); err != nil {
			return err
		}
		return t.mustCope(ctx, step)
	}
}

// failing is a check of a client that is refused each time.
func failing(because, step, point string, a btpclient.FaultAction) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		if err := t.goesWrong(ctx, point, a, always); err != nil {
			return err
		}
		if err := t.mustFail(ctx, t.client.Pair, because); err != nil {
			return err
		}
		struck, err := t.struck(ctx)
		if err == nil && !struck && len(t.wrong) == 0 {
			t.unmet = "the client made no call at which this could go wrong: " + step
		}
		return err
	}
}

// foreign gives the client the CA of another landscape.
func foreign(ctx context.Context, t *trial) (err error) {
	cfg := landscape.Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", landscape.Off
	other, err := landscape.Start(ctx, cfg)
	if err != nil {
		return err
	}
	pem := other.CAPEM
	if err := other.Close(ctx); err != nil {
		return err
	}
	if err := os.WriteFile(t.setting.CAFile, pem, 0o600); err != nil {
		return err
	}
	entries, err := t.run(ctx, t.client.Pair)
	if err != nil || t.timedOut {
		return err
	}
	for _, e := range entries {
		if e.Kind == "request" && e.Point == "pairing.info" {
			t.fault("it sent its token to a server whose certificate the CA that it was given has not signed")
			return nil
		}
	}
	if t.ended.Status == 0 {
		t.fault("it ended with status 0, though the registry's certificate is not of the CA that it was given")
	}
	return nil
}

// needTwo are the rules over which a client trips in its second pairing.
var needTwo = []strict.Number{strict.PairingPaths, strict.RotatedKeys, allRules}

// strictly lets the client pair, and renew if it can, while a rule is on.
func strictly(ctx context.Context, t *trial) error {
	if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
		return err
	}
	if slices.Contains(needTwo, t.rule) {
		if err := t.register(ctx, "Second Shop", t.system.Type); err != nil {
			return err
		}
		if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
			return err
		}
	}
	if t.client.Renew == nil {
		return nil
	}
	if _, err := t.control.Advance(ctx, renewalTime); err != nil {
		return err
	}
	entries, err := t.renew(ctx)
	if err == nil && !t.timedOut && t.ended.Status != 0 {
		t.fault("it paired, but asked to renew it ended with status %d; %s", t.ended.Status, account(entries))
	}
	return err
}
