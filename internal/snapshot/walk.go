package snapshot

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pairsim/pairsim/internal/secret"
)

// walk shows every value of a document to visit, with its place: structs and
// lists first, then what they hold. Visit may change what it is shown.
func walk(v reflect.Value, path string, visit func(path string, v reflect.Value)) {
	visit(path, v)
	switch v.Kind() { //nolint:exhaustive // the others hold nothing
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), path, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case reflect.Map: // of lists, whose items can be changed, or of texts
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			walk(v.MapIndex(key), path+"."+key.String(), visit)
		}
	case reflect.Struct:
		if isLeaf(v.Type()) {
			return
		}
		for i := range v.NumField() {
			if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); name != "-" {
				walk(v.Field(i), path+"."+name, visit)
			}
		}
	}
}

func isLeaf(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[secret.Text]()
}

// OmitSecrets leaves out the secrets of d, so that it can be shared: it can still
// be read, but not be imported.
func (d *Document) OmitSecrets() {
	walk(reflect.ValueOf(d), "$", func(_ string, v reflect.Value) {
		if s, ok := v.Interface().(secret.Text); ok && s != (secret.Text{}) {
			v.Set(reflect.ValueOf(secret.Text{Omitted: true}))
		}
	})
}

// Omitted are the places of secrets that are left out.
func (d *Document) Omitted() (paths []string) {
	walk(reflect.ValueOf(d), "$", func(path string, v reflect.Value) {
		if s, ok := v.Interface().(secret.Text); ok && s.Omitted {
			paths = append(paths, path)
		}
	})
	return paths
}

// Instants of a snapshot: what every store can hold.
var (
	earliest = time.Date(1970, time.January, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2262, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// normalise makes all instants UTC, and tells those that are out of range, and
// durations that are none.
func (d *Document) normalise(tell func(path, problem string)) {
	walk(reflect.ValueOf(d), "$", func(path string, v reflect.Value) {
		if text, ok := v.Interface().(duration); ok && text != "" {
			if _, err := time.ParseDuration(string(text)); err != nil {
				tell(path, "it is no duration, such as 1h30m")
			}
			return
		}
		at, ok := v.Interface().(time.Time)
		if !ok || at.IsZero() {
			return
		}
		if at.Before(earliest) || !at.Before(latest) {
			tell(path, "an instant is from 1970 to 2261")
		}
		v.Set(reflect.ValueOf(at.UTC()))
	})
}

// notUTF8 is the first place with a text that JSON cannot say; "" without one.
func (d *Document) notUTF8() (first string) {
	walk(reflect.ValueOf(d), "$", func(path string, v reflect.Value) {
		text := ""
		if s, ok := v.Interface().(secret.Text); ok {
			text = s.Value
		} else if v.Kind() == reflect.String {
			text = v.String()
		}
		if first == "" && !utf8.ValidString(text) {
			first = path
		}
	})
	return first
}
