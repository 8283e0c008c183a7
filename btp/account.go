package btp

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pairsim/pairsim/internal/pattern"
)

// GlobalAccountID names a global account: a readable word ("default") or a UUID.
type GlobalAccountID string

// SubaccountID names a subaccount: a readable word ("dev") or a UUID.
type SubaccountID string

// RuntimeEnvironment is where a subaccount runs extensions.
type RuntimeEnvironment string

// The environments of a subaccount.
const (
	CloudFoundry RuntimeEnvironment = "cloudFoundry"
	Kyma         RuntimeEnvironment = "kyma"
)

// GlobalAccount owns systems; nothing moves between global accounts (SEED-004).
type GlobalAccount struct {
	ID          GlobalAccountID
	DisplayName string
	Subdomain   string
}

// Subaccount is where extensions live.
type Subaccount struct {
	ID            SubaccountID
	GlobalAccount GlobalAccountID
	DisplayName   string
	// Subdomain is unique per region, ignoring case (05280a1.md).
	Subdomain    string
	Region       string
	Environments []RuntimeEnvironment
	// Version counts the changes.
	Version uint64
	// Stopped is what its Kyma runtime keeps while that is not synchronised; nil
	// while it is.
	Stopped *StoppedSync
}

// Has says whether the environment is enabled in s.
func (s *Subaccount) Has(e RuntimeEnvironment) bool { return slices.Contains(s.Environments, e) }

// Region is where a subaccount runs.
type Region struct {
	Key, Name string
	// Landscape is false where the system landscape does not exist: China
	// (Shanghai) and Government Cloud (US) (SEED-004, 2ffdaff.md).
	Landscape bool
}

// Regions are the regions that a subaccount can name.
var Regions = []Region{
	{"eu10", "Europe (Frankfurt)", true},
	{"eu11", "Europe (Frankfurt) EU Access", true},
	{"eu20", "Europe (Netherlands)", true},
	{"us10", "US East (VA)", true},
	{"us20", "US West (WA)", true},
	{"ap10", "Australia (Sydney)", true},
	{"jp10", "Japan (Tokyo)", true},
	{"cn40", "China (Shanghai)", false},
	{"us-gov", "Government Cloud (US)", false},
}

// RegionNamed finds a region by key.
func RegionNamed(key string) (Region, error) {
	keys := make([]string, 0, len(Regions))
	for _, r := range Regions {
		if r.Key == key {
			return r, nil
		}
		keys = append(keys, r.Key)
	}
	return Region{}, Errorf(InvalidRequest, "there is no region %q; regions are %s", clip(key), strings.Join(keys, ", "))
}

// A subdomain has letters, digits and hyphens, no hyphen first or last, at most 63 (05280a1.md).
var subdomainRule = pattern.New(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`).AtMost(63)

// Accounts' ids stand in paths and certificates.
var accountIDRule = pattern.New(`^[A-Za-z0-9][A-Za-z0-9-]*$`).AtMost(64)

func checkSubdomain(s string) error {
	if !subdomainRule.MatchString(s) {
		return Errorf(InvalidRequest, "subdomain %q: 1 to 63 letters, digits and hyphens, no hyphen first or last", clip(s))
	}
	return nil
}

// checkDisplayName bounds what people read: at most 255 bytes of UTF-8.
func checkDisplayName(s string) error {
	if len(s) > 255 || !utf8.ValidString(s) {
		return Errorf(InvalidRequest, "displayName: at most 255 bytes of UTF-8")
	}
	return nil
}

func checkEnvironments(list []RuntimeEnvironment) error {
	seen := map[RuntimeEnvironment]bool{}
	for _, e := range list {
		if e != CloudFoundry && e != Kyma {
			return Errorf(InvalidRequest, "there is no environment %q; environments are cloudFoundry and kyma", clip(string(e)))
		}
		if seen[e] {
			return Errorf(InvalidRequest, "environment %q is named twice", e)
		}
		seen[e] = true
	}
	return nil
}
