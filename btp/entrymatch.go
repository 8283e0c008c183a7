package btp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// EntryMatch says which entries are meant. Empty fields take every entry.
type EntryMatch struct {
	Kind EntryKind
	// System is a system's id or name, Formation a formation's.
	System, Formation string
	Tenant            string
	// Point is a point, or all that begin like pairing.*.
	Point string
	// Rule is the code that an entry's Rule is.
	Rule, Source string
	Method       string
	// Path is a whole path, in which a part may be *; PathPrefix is how it begins.
	Path, PathPrefix string
	// Status is a status, or all of a hundred: 4xx.
	Status string
	// Request is the number of a request; 0 for any.
	Request uint64
	// From and To bound the instant on the environment's clock, From being part of
	// it and To not.
	From, To time.Time
}

// Difference is a field in which an entry is not as it was meant to be.
type Difference struct{ Field, Expected, Found string }

// matchFields say of every field of EntryMatch, by its name on the wire, what it
// wants, what an entry has, and whether that will do.
var matchFields = []struct {
	name   string
	wanted func(*EntryMatch) string // "" for anything
	found  func(*Entry) string
	fits   func(m *EntryMatch, e *Entry) bool
}{
	{
		"kind", func(m *EntryMatch) string { return string(m.Kind) },
		func(e *Entry) string { return string(e.Kind) },
		func(m *EntryMatch, e *Entry) bool { return m.Kind == e.Kind },
	},
	{
		"system", func(m *EntryMatch) string { return m.System },
		func(e *Entry) string { return named(string(e.About.System), e.About.Name, e.About.System != "") },
		func(m *EntryMatch, e *Entry) bool {
			return e.About.System != "" && (m.System == string(e.About.System) || m.System == e.About.Name)
		},
	},
	{
		"formation", func(m *EntryMatch) string { return m.Formation },
		func(e *Entry) string {
			return named(string(e.About.Formation), e.About.Name, e.About.System == "" && e.About.Formation != "")
		},
		func(m *EntryMatch, e *Entry) bool {
			return e.About.Formation != "" && (m.Formation == string(e.About.Formation) || e.About.System == "" && m.Formation == e.About.Name)
		},
	},
	{
		"tenant", func(m *EntryMatch) string { return m.Tenant },
		func(e *Entry) string { return e.About.Tenant },
		func(m *EntryMatch, e *Entry) bool { return m.Tenant == e.About.Tenant },
	},
	{
		"point", func(m *EntryMatch) string { return m.Point },
		func(e *Entry) string { return string(e.Point) },
		func(m *EntryMatch, e *Entry) bool { return pointFits(m.Point, e.Point) },
	},
	{
		"rule", func(m *EntryMatch) string { return m.Rule },
		func(e *Entry) string { return e.Rule },
		func(m *EntryMatch, e *Entry) bool { return m.Rule == e.Rule },
	},
	{
		"source", func(m *EntryMatch) string { return m.Source },
		func(e *Entry) string { return e.Source },
		func(m *EntryMatch, e *Entry) bool { return m.Source == e.Source },
	},
	{
		"method", func(m *EntryMatch) string { return m.Method },
		func(e *Entry) string { return e.Method },
		func(m *EntryMatch, e *Entry) bool { return strings.EqualFold(m.Method, e.Method) },
	},
	{
		"path", func(m *EntryMatch) string { return m.Path },
		func(e *Entry) string { return e.Path },
		func(m *EntryMatch, e *Entry) bool { return pathFits(m.Path, e.Path) },
	},
	{
		"pathPrefix", func(m *EntryMatch) string { return m.PathPrefix },
		func(e *Entry) string { return e.Path },
		func(m *EntryMatch, e *Entry) bool { return strings.HasPrefix(e.Path, m.PathPrefix) },
	},
	{
		"status", func(m *EntryMatch) string { return m.Status },
		func(e *Entry) string { return number(uint64(e.Status)) },
		func(m *EntryMatch, e *Entry) bool { return statusFits(m.Status, e.Status) },
	},
	{
		"request", func(m *EntryMatch) string { return number(m.Request) },
		func(e *Entry) string { return number(e.Request) },
		func(m *EntryMatch, e *Entry) bool { return m.Request == e.Request },
	},
	{
		"from", func(m *EntryMatch) string { return instant(m.From) },
		func(e *Entry) string { return instant(e.At) },
		func(m *EntryMatch, e *Entry) bool { return !e.At.Before(m.From) },
	},
	{
		"to", func(m *EntryMatch) string { return instant(m.To) },
		func(e *Entry) string { return instant(e.At) },
		func(m *EntryMatch, e *Entry) bool { return e.At.Before(m.To) },
	},
}

func named(id, name string, its bool) string {
	if !its || name == "" {
		return id
	}
	return fmt.Sprintf("%s (%s)", name, id)
}

func number(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func pointFits(wanted string, p Point) bool {
	flow, all := strings.CutSuffix(wanted, "*")
	return all && strings.HasPrefix(string(p), flow) || wanted == string(p)
}

func pathFits(wanted, path string) bool {
	for {
		w, restWanted, moreWanted := strings.Cut(wanted, "/")
		p, restPath, more := strings.Cut(path, "/")
		if w != p && (w != "*" || p == "") || moreWanted != more {
			return false
		}
		if !more {
			return true
		}
		wanted, path = restWanted, restPath
	}
}

func statusFits(wanted string, status int) bool {
	if hundred, class := strings.CutSuffix(wanted, "xx"); class {
		return strconv.Itoa(status/100) == hundred
	}
	return strconv.Itoa(status) == wanted
}

// Matches says whether e is meant.
func (m *EntryMatch) Matches(e *Entry) bool { return m.fits(m.asked(), e) }

// asked are the indexes of the fields that say something.
func (m *EntryMatch) asked() (fields []int) {
	for i := range matchFields {
		if matchFields[i].wanted(m) != "" {
			fields = append(fields, i)
		}
	}
	return fields
}

func (m *EntryMatch) fits(asked []int, e *Entry) bool {
	for _, i := range asked {
		if !matchFields[i].fits(m, e) {
			return false
		}
	}
	return true
}

// Differences are the fields that keep e from being meant, none when it is.
func (m *EntryMatch) Differences(e *Entry) []Difference {
	var all []Difference
	for i := range matchFields {
		f := &matchFields[i]
		if wanted := f.wanted(m); wanted != "" && !f.fits(m, e) {
			all = append(all, Difference{f.name, wanted, f.found(e)})
		}
	}
	return all
}

// Fields are the fields that say something, as name and what they want.
func (m *EntryMatch) Fields() [][2]string {
	var all [][2]string
	for i := range matchFields {
		if wanted := matchFields[i].wanted(m); wanted != "" {
			all = append(all, [2]string{matchFields[i].name, wanted})
		}
	}
	return all
}

// maxMatchText is the most bytes of a field of EntryMatch.
const maxMatchText = 512

// Check refuses with InvalidRequest a match that no entry can have.
func (m *EntryMatch) Check() error {
	for _, field := range m.Fields() {
		if len(field[1]) > maxMatchText {
			return Errorf(InvalidRequest, "%s has %d bytes; the most are %d", field[0], len(field[1]), maxMatchText)
		}
	}
	if m.Kind != "" && !slices.Contains(EntryKinds, m.Kind) {
		return Errorf(InvalidRequest, "there is no kind %.40q; kinds are %s", m.Kind, joined(EntryKinds))
	}
	if err := checkPoint(m.Point); err != nil {
		return err
	}
	if m.Path != "" && !strings.HasPrefix(m.Path, "/") || m.PathPrefix != "" && !strings.HasPrefix(m.PathPrefix, "/") {
		return Errorf(InvalidRequest, "a path begins with /")
	}
	if !isStatus(m.Status) {
		return Errorf(InvalidRequest, "status is %.20q; it must be a status such as 201, or 4xx for all of a hundred", m.Status)
	}
	if !m.From.IsZero() && !m.To.IsZero() && !m.From.Before(m.To) {
		return Errorf(InvalidRequest, "to (%s) must be later than from (%s)", instant(m.To), instant(m.From))
	}
	return nil
}

func checkPoint(wanted string) error {
	if wanted == "" {
		return nil
	}
	points := make([]Point, 0, len(Points))
	for p := range Points {
		if pointFits(wanted, p) {
			return nil
		}
		points = append(points, p)
	}
	slices.Sort(points)
	return Errorf(InvalidRequest, "there is no point %.40q; points are %s, and all of a flow, such as pairing.*", wanted, joined(points))
}

func isStatus(text string) bool {
	if text == "" {
		return true
	}
	hundred, class := strings.CutSuffix(text, "xx")
	n, err := strconv.Atoi(hundred)
	if class {
		return err == nil && len(hundred) == 1 && n >= 1 && n <= 5
	}
	return err == nil && len(text) == 3 && n >= 100 && n <= 599
}

func joined[S ~string](list []S) string {
	texts := make([]string, len(list))
	for i, one := range list {
		texts[i] = string(one)
	}
	return strings.Join(texts, ", ")
}
