// Package snapshot writes an environment and its simulated tenants down as one
// JSON document, reads such documents, and puts what they describe in the place
// of what is there (docs/snapshot.md). The journal, faults, and the server's own
// certificate are no part of it.
package snapshot

import (
	"bytes"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	schemas "github.com/pairsim/pairsim/internal/schema"
	"github.com/pairsim/pairsim/internal/tenant"
)

// MaxSize bounds a document that is read, in bytes.
const MaxSize = 64 << 20

// maxDepth bounds how deep a document nests; the schema needs eight levels.
const maxDepth = 16

// maxFindings bounds what is told of one document.
const maxFindings = 50

//go:embed snapshot.schema.json
var schemaJSON []byte

// Schema is the JSON Schema (2020-12) of documents.
func Schema() []byte { return bytes.Clone(schemaJSON) }

// compiled compiles the embedded schema once; a mistake in it is ours.
var compiled = sync.OnceValue(func() *schemas.Schema {
	root, err := schemas.Compile(schemaJSON)
	if err != nil {
		panic("snapshot.schema.json: " + err.Error())
	}
	return root
})

// Encode writes d. Equal documents are equal byte for byte.
func (d *Document) Encode() ([]byte, error) {
	if path := d.notUTF8(); path != "" {
		return nil, fmt.Errorf("snapshot: %s is not UTF-8", path)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(d)
	return b.Bytes(), err
}

// findings collects what is wrong with a document.
type findings struct {
	list []btp.Finding
	more int
}

func (f *findings) tell(path, problem string) {
	if len(f.list) >= maxFindings {
		f.more++
		return
	}
	const longest = 200 // a path has keys of the document in it
	if len(path) > longest {
		path = strings.ToValidUTF8(path[:longest], "") + "…"
	}
	f.list = append(f.list, btp.Finding{Path: path, Problem: problem})
}

func (f *findings) err() error { return btp.InvalidSnapshot(f.list, f.more) }

// Read reads a document and checks all that can be checked without knowing where
// it is to stand: its form, its instants, its tenants. It refuses with
// SnapshotInvalid and what is wrong, place by place.
func Read(data []byte) (*Document, error) {
	var found findings
	if len(data) > MaxSize {
		found.tell("$", fmt.Sprintf("a snapshot has at most %d bytes", MaxSize))
		return nil, found.err()
	}
	instance, err := plain(data)
	if err != nil {
		found.tell(placeOf(err), err.Error())
		return nil, found.err()
	}
	if object, ok := instance.(map[string]any); ok {
		if version, _ := object["schema"].(string); version != Version && strings.HasPrefix(version, "urn:pairsim:snapshot:") {
			found.tell("$.schema", fmt.Sprintf("this is a snapshot of another form, %.40q; this pairsim reads %s", version, Version))
			return nil, found.err()
		}
	}
	compiled().Judge(instance, "$", found.tell)
	if err := found.err(); err != nil {
		return nil, err
	}
	d := &Document{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		var wrong *json.UnmarshalTypeError
		path := "$"
		if errors.As(err, &wrong) {
			path += "." + wrong.Field
		}
		found.tell(path, "it holds a number or an instant that cannot be read")
		return nil, found.err()
	}
	d.normalise(found.tell)
	ids := map[string]bool{}
	for i := range d.Tenants {
		path := fmt.Sprintf("$.tenants[%d]", i)
		if ids[d.Tenants[i].ID] {
			found.tell(path+".id", "the tenant is there twice")
		}
		ids[d.Tenants[i].ID] = true
		if len(d.Omitted()) == 0 {
			d.Tenants[i].Check(func(field, problem string) { found.tell(path+"."+field, problem) })
		}
	}
	return d, found.err()
}

// Edition is the id of the environment's edition.
func (d *Document) Edition() string { return d.Environment.Edition }

// Tenant is what d holds of a tenant; nil for one that it does not know, and
// without a document.
func (d *Document) Tenant(id string) *tenant.Snapshot {
	if d == nil {
		return nil
	}
	for i := range d.Tenants {
		if d.Tenants[i].ID == id {
			return &d.Tenants[i]
		}
	}
	return nil
}

// Importable refuses a document whose secrets are left out, and tenants whose
// certificates are not of the environment's authority.
func (d *Document) Importable() error {
	var found findings
	if omitted := d.Omitted(); len(omitted) > 0 {
		found.tell(omitted[0], fmt.Sprintf("the snapshot was exported without its %d secrets: it can be read, not imported; export it with secrets", len(omitted)))
		return found.err()
	}
	ca, err := pki.OpenClientCA(d.Contents().Authorities[btp.ClientAuthority])
	if err != nil {
		return nil // which the registry refuses, in its own words
	}
	for i, t := range d.Tenants {
		for n, p := range t.Pairings {
			if p.Connection == nil {
				continue
			}
			leaf, err := p.Connection.Leaf()
			if err == nil {
				_, err = ca.Verify([]*x509.Certificate{leaf}, leaf.NotBefore)
			}
			if err != nil {
				found.tell(fmt.Sprintf("$.tenants[%d].pairings[%d].connection.chain", i, n), "it is no client certificate of the snapshot's authority")
			}
		}
	}
	return found.err()
}

// placeError is what is wrong with a text as JSON, and where.
type placeError struct{ path, problem string }

func (e *placeError) Error() string { return e.problem }

func placeOf(err error) string {
	var e *placeError
	if errors.As(err, &e) {
		return e.path
	}
	return "$"
}

// plain makes plain values of a JSON text: of numbers int64 where they are whole.
// It refuses keys that stand twice, of which encoding/json would take the last.
func plain(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("it is not UTF-8")
	}
	r := reader{json.NewDecoder(bytes.NewReader(data))}
	r.UseNumber()
	v, err := r.value("$", 0)
	if err == nil {
		if _, err = r.Token(); err == io.EOF { //nolint:errorlint // Token returns it bare
			return v, nil
		}
		err = &placeError{"$", fmt.Sprintf("there is something behind it, at byte %d", r.InputOffset())}
	}
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		err = fmt.Errorf("it is not JSON: %w, at byte %d", err, syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("it breaks off at byte %d", r.InputOffset())
	}
	return nil, err
}

type reader struct{ *json.Decoder }

func (r reader) value(path string, depth int) (any, error) {
	t, err := r.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, &placeError{"$", fmt.Sprintf("it nests deeper than %d levels", maxDepth)}
	}
	switch t := t.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(t.String(), 10, 64); err == nil {
			return n, nil
		}
		f, err := t.Float64()
		if err != nil {
			return nil, &placeError{path, "it is a number out of range"}
		}
		return f, nil
	case json.Delim:
		if t == '[' {
			return r.list(path, depth)
		}
		return r.object(path, depth)
	}
	return t, nil
}

func (r reader) list(path string, depth int) (any, error) {
	list := []any{}
	for r.More() {
		v, err := r.value(fmt.Sprintf("%s[%d]", path, len(list)), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := r.Token()
	return list, err
}

func (r reader) object(path string, depth int) (any, error) {
	object := map[string]any{}
	for r.More() {
		t, err := r.Token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string) // the decoder takes nothing else here
		if _, twice := object[key]; twice {
			return nil, &placeError{path + "." + key, "the key stands there twice"}
		}
		if object[key], err = r.value(path+"."+key, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := r.Token()
	return object, err
}
