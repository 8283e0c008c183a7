package control

import (
	"time"

	"github.com/pairsim/pairsim/btp"
)

// environmentPolicy are decisions of a new environment, in the words of docs/configuration.md;
// what is missing is the server's.
type environmentPolicy struct {
	AttemptDeadline     *string `json:"attemptDeadline"`
	CertificateValidity *string `json:"certificateValidity"`
	RejectedCSRs        *int    `json:"rejectedCsrs"`
	BurnOnRejectedCSR   *bool   `json:"burnOnRejectedCsr"`
	Abandoned           *string `json:"abandoned"`
	Revocation          *string `json:"revocation"`
}

const (
	maxRejectedCSRs   = 1000
	maxPolicyDuration = 10 * 365 * 24 * time.Hour
)

// change checks p and returns what writes it into a policy; nil for nothing.
func (p *environmentPolicy) change() (func(*btp.Policy), error) {
	if p == nil {
		return nil, nil
	}
	deadline, err := policyDuration("$.policy.attemptDeadline", p.AttemptDeadline)
	if err != nil {
		return nil, err
	}
	validity, err := policyDuration("$.policy.certificateValidity", p.CertificateValidity)
	switch {
	case err != nil:
		return nil, err
	case p.RejectedCSRs != nil && (*p.RejectedCSRs < 1 || *p.RejectedCSRs > maxRejectedCSRs):
		return nil, btp.Errorf(btp.InvalidRequest, "$.policy.rejectedCsrs is %d; it must be 1 to %d", *p.RejectedCSRs, maxRejectedCSRs)
	}
	if err := oneOf("$.policy.abandoned", p.Abandoned, "pending", "error"); err != nil {
		return nil, err
	}
	if err := oneOf("$.policy.revocation", p.Revocation, "renewal", "strict"); err != nil {
		return nil, err
	}
	return func(into *btp.Policy) {
		set(&into.AttemptDeadline, deadline)
		set(&into.CertificateValidity, validity)
		set(&into.RejectedCSRs, p.RejectedCSRs)
		set(&into.BurnOnRejectedCSR, p.BurnOnRejectedCSR)
		if p.Abandoned != nil {
			into.AbandonedIsError = *p.Abandoned == "error"
		}
		if p.Revocation != nil {
			into.StrictRevocation = *p.Revocation == "strict"
		}
	}, nil
}

func set[T any](into, value *T) {
	if value != nil {
		*into = *value
	}
}

func policyDuration(where string, text *string) (*time.Duration, error) {
	if text == nil {
		return nil, nil
	}
	d, err := parseDuration(where, *text)
	if err == nil && (d < time.Second || d > maxPolicyDuration) {
		err = btp.Errorf(btp.InvalidRequest, "%s is %.40q; it must be 1s to 3650d", where, *text)
	}
	return &d, err
}

func oneOf(where string, text *string, first, second string) error {
	if text != nil && *text != first && *text != second {
		return btp.Errorf(btp.InvalidRequest, "%s is %.40q; it must be %s or %s", where, *text, first, second)
	}
	return nil
}
