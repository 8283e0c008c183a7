package odata

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/internal/records"
)

// Bounds of query options.
const (
	maxQuery  = 8 << 10 // bytes
	maxNames  = 64      // of a list
	maxExpand = 3       // levels
)

// query is what a request's system query options ask for.
type query struct {
	filter  func(map[string]any) bool
	orderBy []order
	top     int // -1: all
	skip    int
	selects []string // nil: all
	expand  *expansion
	count   bool // $inlinecount=allpages
	format  string
}

type order struct {
	property   *Property
	descending bool
}

// expansion is a tree of navigations to follow.
type expansion struct{ below map[string]*expansion }

// options are the system query options that may be used; others with a $ are
// refused, and so are these without it, which is a slip.
var options = []string{"$filter", "$orderby", "$top", "$skip", "$select", "$expand", "$inlinecount", "$format"}

// readQuery splits and checks a query string without reading what needs a set.
func readQuery(raw string) (url.Values, error) {
	if len(raw) > maxQuery {
		return nil, refuse(414, "URITooLong", "the query is longer than %d bytes", maxQuery)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, refuse(400, "InvalidQueryOption", "the query cannot be read")
	}
	for name, given := range values {
		switch {
		case strings.HasPrefix(name, "$") && !slices.Contains(options, name):
			return nil, badOption(clip(name), "there is no such query option, or it is not supported; supported are %s", strings.Join(options, ", "))
		case slices.Contains(options, "$"+strings.ToLower(name)):
			return nil, badOption(clip(name), "a system query option begins with $")
		case strings.HasPrefix(name, "$") && len(given) > 1:
			return nil, badOption(name, "is given twice")
		}
	}
	return values, nil
}

// queryOf reads the options for entities of set; many: for a collection of them.
func (s *Service) queryOf(set *Set, values url.Values, many bool) (*query, error) {
	q := &query{top: -1, format: values.Get("$format")}
	for _, name := range options[:4] {
		if values.Has(name) && !many {
			return nil, badOption(name, "applies to collections only")
		}
	}
	var err error
	for _, read := range []func() error{
		func() error { q.top, err = count(values, "$top", -1); return err },
		func() error { q.skip, err = count(values, "$skip", 0); return err },
		func() error { return q.readFilter(set, values) },
		func() error { return q.readOrder(set, values) },
		func() error { return q.readExpand(s, set, values) },
		func() error { return q.readSelect(set, values) },
		func() error { return q.readCount(values, many) },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return q, nil
}

func count(values url.Values, name string, without int) (int, error) {
	if !values.Has(name) {
		return without, nil
	}
	n, err := strconv.ParseUint(values.Get(name), 10, 31)
	if err != nil {
		return 0, badOption(name, "%q is no number of entities", clip(values.Get(name)))
	}
	return int(n), nil
}

func (q *query) readFilter(set *Set, values url.Values) (err error) {
	if values.Has("$filter") {
		q.filter, err = parseFilter(set, values.Get("$filter"))
	}
	return err
}

func (q *query) readCount(values url.Values, many bool) error {
	if !values.Has("$inlinecount") {
		return nil
	}
	switch kind := values.Get("$inlinecount"); {
	case !many:
		return badOption("$inlinecount", "applies to collections only")
	case kind != "allpages" && kind != "none":
		return badOption("$inlinecount", "%q is neither allpages nor none", clip(kind))
	default:
		q.count = kind == "allpages"
	}
	return nil
}

// list splits an option with names.
func list(values url.Values, name string) ([]string, error) {
	if !values.Has(name) {
		return nil, nil
	}
	names := strings.Split(values.Get(name), ",")
	if len(names) > maxNames {
		return nil, badOption(name, "has more than %d names", maxNames)
	}
	for i := range names {
		if names[i] = strings.TrimSpace(names[i]); names[i] == "" {
			return nil, badOption(name, "has an empty name")
		}
	}
	return names, nil
}

func (q *query) readOrder(set *Set, values url.Values) error {
	names, err := list(values, "$orderby")
	for _, name := range names {
		name, direction, _ := strings.Cut(name, " ")
		p := set.property(name)
		if p == nil {
			return badOption("$orderby", "%s has no property %q", set.Type, clip(name))
		}
		if direction = strings.TrimSpace(direction); direction != "" && direction != "asc" && direction != "desc" {
			return badOption("$orderby", "%q is neither asc nor desc", clip(direction))
		}
		q.orderBy = append(q.orderBy, order{p, direction == "desc"})
	}
	return err
}

func (q *query) readExpand(s *Service, set *Set, values url.Values) error {
	paths, err := list(values, "$expand")
	q.expand = &expansion{map[string]*expansion{}}
	for _, path := range paths {
		steps := strings.Split(path, "/")
		if len(steps) > maxExpand {
			return badOption("$expand", "%q has more than %d levels", clip(path), maxExpand)
		}
		from, tree := set, q.expand
		for _, step := range steps {
			n := from.navigation(step)
			if n == nil {
				return badOption("$expand", "%s has no navigation property %q", from.Type, clip(step))
			}
			if tree.below[step] == nil {
				tree.below[step] = &expansion{map[string]*expansion{}}
			}
			from, tree = s.set(n.Target), tree.below[step]
		}
	}
	return err
}

// readSelect reads names of properties and navigations; a path selects within
// what is expanded.
func (q *query) readSelect(set *Set, values url.Values) error {
	names, err := list(values, "$select")
	for _, name := range names {
		first, _, _ := strings.Cut(name, "/")
		switch navigation := set.navigation(first); {
		case name == "*":
		case navigation == nil && (set.property(name) == nil || first != name):
			return badOption("$select", "%s has no property %q", set.Type, clip(name))
		case navigation != nil && first != name:
			return badOption("$select", "%q: properties of an expanded entity cannot be selected, it is not supported", clip(name))
		}
		q.selects = append(q.selects, name)
	}
	return err
}

// selected tells whether a property or navigation is part of the answer.
func (q *query) selected(name string) bool {
	return q.selects == nil || slices.Contains(q.selects, name) || slices.Contains(q.selects, "*")
}

// apply filters, orders and pages entities; total is how many the filter let through.
func (q *query) apply(set *Set, all []records.Record) (page []records.Record, total int) {
	if q.filter != nil {
		all = slices.DeleteFunc(slices.Clone(all), func(r records.Record) bool { return !q.filter(r.Fields) })
	}
	total = len(all)
	if len(q.orderBy) > 0 {
		all = slices.Clone(all)
		slices.SortStableFunc(all, func(a, b records.Record) int {
			for _, o := range q.orderBy {
				c := compare(o.property.operand(a.Fields[o.property.Name]), o.property.operand(b.Fields[o.property.Name]))
				if o.descending {
					c = -c
				}
				if c != 0 {
					return c
				}
			}
			return 0
		})
	}
	all = all[min(q.skip, len(all)):]
	if q.top >= 0 {
		all = all[:min(q.top, len(all))]
	}
	return all, total
}
