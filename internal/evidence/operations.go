package evidence

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/pairsim/pairsim/contracts/coverage"
)

// Operation is one of a wire.
type Operation struct {
	// Key names it in exercised.json: its wire, and its operationId or else method and path.
	Key          string
	Method, Path string
	// ID is its operationId, Summary what its document says; either may be "".
	ID, Summary string
}

// Wire is a set of operations: those of an OpenAPI document, or of a vendor's wire that
// has none.
type Wire struct {
	Name, Document string
	Operations     []Operation
}

// base is what all paths of the wire begin with.
func (w Wire) base() string {
	base := w.Operations[0].Path
	for _, o := range w.Operations {
		for !strings.HasPrefix(o.Path, base) {
			base = base[:strings.LastIndex(base, "/")]
		}
	}
	return base
}

// documents are the OpenAPI documents; key begins the keys of their operations.
var documents = []struct{ key, name, file string }{
	{"registry", "Registry", "btp/httpapi/openapi.yaml"},
	{"control", "Control", "btp/control/openapi.yaml"},
	{"tenants", "Tenants", "internal/tenant/openapi.yaml"},
	{"tokens", "Token service", "btp/tokenservice/openapi.yaml"},
	{"destinations", "Destination service", "btp/destination/rest/openapi.yaml"},
	{"bus", "SAP Event Mesh", "btp/eventmesh/rest/openapi.yaml"},
	{"broker", "Open Service Broker", "btp/broker/osb.yaml"},
	{"manager", "Service Manager", "btp/broker/servicemanager.yaml"},
}

// Wires reads the operations of all wires. Those without an OpenAPI document are the ones
// that the pacts have to cover.
func Wires(files fs.FS) (list []Wire, err error) {
	for _, d := range documents {
		text, err := fs.ReadFile(files, d.file)
		if err != nil {
			return nil, fmt.Errorf("read an OpenAPI document: %w", err)
		}
		operations, err := operationsOf(d.key, text)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", d.file, err)
		}
		list = append(list, Wire{d.name, d.file, operations})
	}
	for _, w := range undocumentedWires() {
		w.Operations = slices.DeleteFunc(w.Operations, func(o Operation) bool {
			_, documented := find(list[:len(documents)], o.Method+" "+o.Path)
			return documented
		})
		list = append(list, w)
	}
	return list, nil
}

// Undocumented begins the keys of operations that no OpenAPI document has.
const Undocumented = "vendor"

// undocumentedWires have what the pacts must cover.
var undocumentedWires = sync.OnceValue(func() []Wire {
	registry, tenants := Wire{Name: "Connector, Application Registry, events and gateway"}, Wire{Name: "Tenants' products"}
	for _, m := range coverage.Must() {
		to := &registry
		if m.Provider != "btp" {
			to = &tenants
		}
		o := Operation{Key: ExercisedKey(Undocumented, m.Method+" "+m.Path, false), Method: m.Method, Path: m.Path}
		if !slices.Contains(to.Operations, o) {
			to.Operations = append(to.Operations, o)
		}
	}
	return []Wire{registry, tenants}
})

// UndocumentedOperation names the operation that a request is of, if the pacts must cover
// it; whether an OpenAPI document has it too is not looked at.
func UndocumentedOperation(method, at string) (name string, ok bool) {
	key, ok := find(undocumentedWires(), method+" "+at)
	return strings.TrimPrefix(key, Undocumented+"."), ok
}

func operationsOf(key string, document []byte) (list []Operation, err error) {
	var doc struct {
		Paths map[string]map[string]yaml.Node
	}
	if err := yaml.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	for at, item := range doc.Paths {
		for method, node := range item {
			if !slices.Contains(methods, strings.ToUpper(method)) {
				continue
			}
			var about struct {
				ID      string `yaml:"operationId"`
				Summary string
			}
			if err := node.Decode(&about); err != nil {
				return nil, err
			}
			method = strings.ToUpper(method)
			list = append(list, Operation{key + "." + cmp.Or(about.ID, method+" "+at), method, at, about.ID, about.Summary})
		}
	}
	slices.SortFunc(list, func(a, b Operation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return list, nil
}

// find returns the operation that a call is of: a method and a path, in which holes
// stand for what is not known. Of several the one with the most texts in common is meant.
func find(wires []Wire, call string) (key string, found bool) {
	method, at, _ := strings.Cut(call, " ")
	best := -1
	for _, w := range wires {
		for _, o := range w.Operations {
			if texts, ok := fits(o.Path, at); ok && o.Method == method && texts > best {
				key, found, best = o.Key, true, texts
			}
		}
	}
	return key, found
}

// fits tells whether a path, perhaps below an environment's prefix, is one of a
// template, and in how many segments by their text.
func fits(template, at string) (texts int, ok bool) {
	if below, ok := strings.CutPrefix(at, "/env/"); ok {
		if _, inside, ok := strings.Cut(below, "/"); ok {
			if texts, ok := coverage.Fits(template, "/"+inside); ok {
				return texts, true
			}
		}
	}
	return coverage.Fits(template, at)
}
