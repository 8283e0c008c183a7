package jsonbody

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// shape walks a JSON text along a Go type: structs of strings, booleans, whole
// numbers, and lists of these are nearly all that our bodies have; OrNull, numbers,
// maps, Any and json.RawMessage are the rest.
type shape struct{ dec *json.Decoder }

func (s shape) value(t reflect.Type, path string) error {
	token, err := s.dec.Token()
	if err != nil {
		return err
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	wanted, fits := wants(t, token)
	if !fits {
		return refuse("%s is %s; it must be %s", path, kindOf(token), wanted)
	}
	opens := token == json.Delim('{') || token == json.Delim('[')
	switch {
	case !opens:
		return nil
	case t == anyValue, t == rawObject:
		return s.skip()
	case t.Kind() == reflect.Slice:
		return s.list(t.Elem(), path)
	case t.Kind() == reflect.Map:
		return s.entries(t.Elem(), path)
	}
	return s.object(t, path)
}

var (
	orNull    = reflect.TypeFor[OrNull]()
	anyValue  = reflect.TypeFor[Any]()
	rawObject = reflect.TypeFor[json.RawMessage]()
)

// wants says what a value of type t is in JSON, and whether token is one or begins one.
func wants(t reflect.Type, token json.Token) (wanted string, fits bool) {
	switch t {
	case anyValue:
		return "anything", true
	case rawObject:
		return "an object", token == json.Delim('{')
	case orNull:
		_, text := token.(string)
		return "a string or null", text || token == nil
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object", token == json.Delim('{')
	case reflect.Slice:
		return "a list", token == json.Delim('[')
	case reflect.String:
		_, fits = token.(string)
		return "a string", fits
	case reflect.Bool:
		_, fits = token.(bool)
		return "true or false", fits
	case reflect.Float64:
		_, fits = token.(json.Number)
		return "a number", fits
	case reflect.Int:
		number, _ := token.(json.Number)
		_, err := strconv.ParseInt(string(number), 10, t.Bits())
		return "a whole number", err == nil
	default:
		panic("jsonbody: no body has a " + t.String())
	}
}

func kindOf(token json.Token) string {
	switch token.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Delim:
		if token == json.Delim('{') {
			return "an object"
		}
		return "a list"
	}
	return "a number"
}

// skip goes to the end of a value that has begun.
func (s shape) skip() error {
	for depth := 1; depth > 0; {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}

func (s shape) list(item reflect.Type, path string) error {
	for i := 0; s.dec.More(); i++ {
		if err := s.value(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	_, err := s.dec.Token()
	return err
}

func (s shape) object(t reflect.Type, path string) error {
	fields := fieldsOf(t)
	return s.members(func(name string, twice bool) error {
		for _, f := range fields {
			switch {
			case f.name != name:
			case twice:
				return refuse("%s.%s stands there twice", path, name)
			default:
				return s.value(f.of, path+"."+name)
			}
		}
		return refuse("%s has an unknown field %.60q; fields are %s", path, name, namesOf(fields))
	})
}

// entries are those of an object under any names.
func (s shape) entries(of reflect.Type, path string) error {
	return s.members(func(name string, twice bool) error {
		at := fmt.Sprintf("%s.%.60q", path, name)
		if twice {
			return refuse("%s stands there twice", at)
		}
		return s.value(of, at)
	})
}

// members calls read for each member of an object that has begun, before its value; twice
// says that the name has been there.
func (s shape) members(read func(name string, twice bool) error) error {
	seen := map[string]bool{}
	for s.dec.More() {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder takes nothing else here
		if err := read(name, seen[name]); err != nil {
			return err
		}
		seen[name] = true
	}
	_, err := s.dec.Token()
	return err
}

type field struct {
	name string
	of   reflect.Type
}

// fieldsOf are the members that encoding/json fills in, in order; those of an embedded
// struct stand among them.
func fieldsOf(t reflect.Type) (fields []field) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		switch {
		case tag == "-":
		case name == "" && f.Anonymous && f.Type.Kind() == reflect.Struct:
			fields = append(fields, fieldsOf(f.Type)...)
		case f.IsExported():
			fields = append(fields, field{cmp.Or(name, f.Name), f.Type})
		}
	}
	return fields
}

func namesOf(fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return strings.Join(names, ", ")
}
