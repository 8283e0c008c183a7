package btp

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
)

// Discovery is what SAP's own landscape tells of a system (3ce5e05.md). A system that
// was added by hand has none until a record that has is merged into it.
type Discovery struct {
	// Auto says that the row came by itself: the system has the customer ID of the
	// global account. Otherwise somebody added it.
	Auto bool `json:"auto,omitempty"`
	// URL is the system's; with the type it tells duplicates (5592d86.md).
	URL string `json:"url,omitempty"`
	// SystemID, BusinessType, a hint at test or production, and CorrelationIDs are
	// properties of the record itself.
	SystemID       string   `json:"systemId,omitempty"`
	BusinessType   string   `json:"businessType,omitempty"`
	CorrelationIDs []string `json:"correlationIds,omitempty"`
}

// The discovery modes, as the column Discovery shows them (3ce5e05.md).
const (
	ManuallyAdded  = "Manually added"
	AutoDiscovered = "Auto-discovered"
)

// AutoDiscovered says whether the row of s came by itself.
func (s *System) AutoDiscovered() bool { return s.Discovery != nil && s.Discovery.Auto }

// DiscoveryLabel is what the column Discovery shows for s.
func (s *System) DiscoveryLabel() string {
	if s.AutoDiscovered() {
		return AutoDiscovered
	}
	return ManuallyAdded
}

// The bounds of what is told of a discovered system; ours.
const (
	maxDiscoveryText  = 200
	maxDiscoveryURL   = 2048
	maxCorrelationIDs = 20
)

// check refuses with InvalidRequest what no system tells of itself. An auto-discovered
// one has a URL.
func (d *Discovery) check() error {
	if d.URL != "" || d.Auto {
		u, err := url.Parse(d.URL)
		if err != nil || len(d.URL) > maxDiscoveryURL || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
			return Errorf(InvalidRequest, "url: it is an absolute http or https URL of at most %d characters, without user and password", maxDiscoveryURL)
		}
	}
	if len(d.CorrelationIDs) > maxCorrelationIDs {
		return Errorf(InvalidRequest, "correlationIds: there are at most %d", maxCorrelationIDs)
	}
	texts := [][2]string{{"systemId", d.SystemID}, {"businessType", d.BusinessType}}
	for _, id := range d.CorrelationIDs {
		if id == "" {
			return Errorf(InvalidRequest, "correlationIds: one of them is empty")
		}
		texts = append(texts, [2]string{"correlationIds", id})
	}
	for _, t := range texts {
		if len(t[1]) > maxDiscoveryText || strings.ContainsFunc(t[1], func(r rune) bool { return r < 0x20 || r > 0x7e }) {
			return Errorf(InvalidRequest, "%s: it holds printable ASCII characters, at most %d", t[0], maxDiscoveryText)
		}
	}
	return nil
}

// DiscoveredSystem is a system that SAP's landscape discovery found.
type DiscoveredSystem struct {
	// GlobalAccount is an id or a subdomain.
	GlobalAccount string
	Name, Type    string
	Discovery     Discovery
}

// Discover plays SAP's landscape discovery: a system of the global account's customer
// appears among its systems, without a status (3ce5e05.md). It refuses with
// OperationNotInEdition, InvalidRequest and as Register does.
func (r *Registry) Discover(ctx context.Context, d DiscoveredSystem) (System, error) {
	about := Reference{Name: clip(d.Name)}
	var s System
	err := r.step(ctx, PointDiscover, &about, func(ctx context.Context) error {
		if !r.edition.AutoDiscovery {
			return Errorf(OperationNotInEdition, "edition %s knows no auto-discovered systems", r.edition.ID)
		}
		d.Discovery.Auto = true
		if err := d.Discovery.check(); err != nil {
			return err
		}
		return r.update(ctx, func(u *unit) error {
			account, err := u.globalAccount(d.GlobalAccount)
			if err != nil {
				return err
			}
			if s, err = u.createSystem(account.ID, d.Name, d.Type, ""); err != nil {
				return err
			}
			found := d.Discovery
			s.Discovery, about.System = &found, s.ID
			u.record(EntryDecision, PointDiscover, &s, "", "3ce5e05.md", AutoDiscovered+": "+s.Type)
			return u.Systems().Put(s)
		})
	})
	return s, err
}

// Merge merges an auto-discovered system without a status into the registered system
// that it duplicates: the target gets what only the source has, and the record of the
// source goes (5592d86.md). It refuses with OperationNotInEdition, StatusForbids,
// SystemNotDiscovered, SystemInUse, and MergeTargetInvalid.
func (r *Registry) Merge(ctx context.Context, source, target SystemID) (System, error) {
	about := Reference{System: source}
	var into System
	err := r.step(ctx, PointMerge, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			from, err := u.system(source)
			if err != nil {
				return err
			}
			about.Name = from.Name
			if err := u.mayMerge(from); err != nil {
				return err
			}
			if into, err = u.systemIn(from.GlobalAccount, target); err != nil {
				return err
			}
			if why := from.notMergedInto(&into); why != "" {
				return Errorf(MergeTargetInvalid, "system %q is not merged into %q: %s", from.Name, into.Name, why)
			}
			into.take(from.Discovery)
			into.UpdatedAt = u.now
			u.record(EntryDecision, PointMerge, &into, "", "5592d86.md", "system "+from.Name+" is merged into it")
			if err := u.Systems().Put(into); err != nil {
				return err
			}
			return u.move(PointMerge, &from, MergeRequested)
		})
	})
	return into, err
}

// mayMerge holds what is asked of the source of a merge.
func (u *unit) mayMerge(s System) error {
	if _, err := s.apply(u.r.edition, MergeRequested); err != nil { // a copy
		return err
	}
	if !s.AutoDiscovered() {
		return Errorf(SystemNotDiscovered, "system %q was added manually: only an auto-discovered system is merged into another", s.Name)
	}
	return u.guard(s, MergeRequested)
}

// notMergedInto says why target is none for the auto-discovered system s; "": it is.
func (s *System) notMergedInto(target *System) string {
	switch {
	case target.ID == s.ID:
		return "they are the same"
	case target.Type != s.Type:
		return "it is of type " + target.Type
	case target.AutoDiscovered():
		return "it is auto-discovered itself"
	case target.Status != Registered:
		return "it is not registered"
	case target.Tenant == nil || !sameURL(target.Tenant.URL, s.Discovery.URL):
		return "its tenant has another URL than " + s.Discovery.URL
	}
	return ""
}

// sameURL compares addresses of systems: neither the case of the host nor a slash at
// the end makes a difference.
func sameURL(a, b string) bool {
	u, err := url.Parse(a)
	v, err2 := url.Parse(b)
	return err == nil && err2 == nil && u.Host != "" && u.Scheme == v.Scheme && strings.EqualFold(u.Host, v.Host) &&
		strings.TrimRight(u.Path, "/") == strings.TrimRight(v.Path, "/") && u.RawQuery == v.RawQuery
}

// take copies what s does not have itself; what both have stays as it is.
func (s *System) take(from *Discovery) {
	own := Discovery{}
	if s.Discovery != nil {
		own = *s.Discovery
	}
	own.URL = cmp.Or(own.URL, from.URL)
	own.SystemID = cmp.Or(own.SystemID, from.SystemID)
	own.BusinessType = cmp.Or(own.BusinessType, from.BusinessType)
	own.CorrelationIDs = slices.Clone(own.CorrelationIDs)
	for _, id := range from.CorrelationIDs {
		if !slices.Contains(own.CorrelationIDs, id) && len(own.CorrelationIDs) < maxCorrelationIDs {
			own.CorrelationIDs = append(own.CorrelationIDs, id)
		}
	}
	s.Discovery = &own
}

// mergeTargets are the systems that s could be merged into.
func (u *unit) mergeTargets(s System) (list []System, err error) {
	if !s.AutoDiscovered() || s.Status != Pending {
		return nil, nil
	}
	f := SystemFilter{GlobalAccount: s.GlobalAccount, Type: s.Type, Status: Registered, Limit: 1000}
	for {
		page, err := u.Systems().List(f)
		for i := range page {
			if s.notMergedInto(&page[i]) == "" {
				list = append(list, page[i])
			}
		}
		if err != nil || len(page) < f.Limit {
			return list, err
		}
		f.After = page[len(page)-1].Sequence
	}
}
