// Package cloudevent writes and reads CloudEvents 1.0 as HTTP carries them
// (https://github.com/cloudevents/spec, HTTP protocol binding and JSON event format), one
// at a time. The SDK, which its tests hold it against, brings two more readers of JSON
// and a logger along, and calls methods by name, for which the linker keeps all methods
// of everything (ADR 44).
package cloudevent

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ContentType is of an event in structured mode.
const ContentType = "application/cloudevents+json"

// The modes.
const (
	Structured = "structured"
	Binary     = "binary"
)

// Event is an event of version 1.0.
type Event struct {
	// Attributes are all but specversion, extensions among them. One that is no text is as
	// JSON writes it.
	Attributes map[string]string
	Data       []byte
}

// named are the attributes that the specification names, in the order in which they
// are written; the first three are required.
var named = []string{"id", "source", "type", "subject", "datacontenttype", "dataschema", "time"}

// Check says what is wrong with the event.
func (e Event) Check() error {
	_, err := e.normal()
	return err
}

// normal are the attributes as they are written, without those that are empty.
func (e Event) normal() (map[string]string, error) {
	n := make(map[string]string, len(e.Attributes))
	for _, name := range slices.Sorted(maps.Keys(e.Attributes)) {
		text, err := normal(name, e.Attributes[name])
		if err != nil {
			return nil, fmt.Errorf("%.40q: %w", name, err)
		}
		if text != "" || !slices.Contains(named, name) {
			n[strings.ToLower(name)] = text
		}
	}
	for _, name := range named[:3] {
		if n[name] == "" {
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	return n, nil
}

func normal(name, text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errors.New("it is not UTF-8")
	}
	switch name {
	case "id", "type", "subject":
		return strings.TrimSpace(text), nil
	case "source":
		u, err := url.Parse(text)
		if err != nil {
			return "", errors.New("it is no URI reference")
		}
		return u.String(), nil
	case "dataschema":
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || text != "" && !u.IsAbs() {
			return "", errors.New("it is no absolute URI")
		}
		return u.String(), nil
	case "datacontenttype":
		if text = strings.TrimSpace(text); text == "" {
			return "", nil
		}
		_, _, err := mime.ParseMediaType(text)
		return text, err
	case "time":
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return "", errors.New("it is no timestamp of RFC 3339")
		}
		return at.UTC().Format(time.RFC3339Nano), nil
	}
	lower := strings.ToLower(name)
	if name == "" || strings.ContainsFunc(name, isNoNamePart) || lower == "specversion" || lower == "data" || lower != name && slices.Contains(named, lower) {
		return "", errors.New("it is no name of an attribute")
	}
	return text, nil
}

func isNoNamePart(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}

// Request is the event on its way to target, in structured or binary mode.
func (e Event) Request(ctx context.Context, target, mode string) (*http.Request, error) {
	body, err := e.Data, error(nil)
	if mode == Structured {
		body, err = e.JSON()
	}
	attributes, wrong := e.normal()
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if mode == Structured {
		req.Header.Set("Content-Type", ContentType)
		return req, nil
	}
	req.Header.Set("Ce-Specversion", "1.0")
	for name, text := range attributes {
		if name == "datacontenttype" {
			req.Header.Set("Content-Type", text)
		} else {
			req.Header.Set("Ce-"+name, text)
		}
	}
	return req, nil
}

// JSON is the event in structured mode.
func (e Event) JSON() ([]byte, error) {
	attributes, err := e.normal()
	if err != nil {
		return nil, err
	}
	text := []byte(`{"specversion":"1.0"`)
	member := func(name string, value []byte) {
		text = append(append(append(append(text, `,"`...), name...), `":`...), value...)
	}
	for _, name := range named {
		if value, ok := attributes[name]; ok {
			member(name, quoted(value))
		}
	}
	switch plain, suffixed := isJSON(attributes["datacontenttype"]); {
	case len(e.Data) == 0:
	case plain && json.Valid(e.Data):
		member("data", e.Data)
	case !plain && utf8.Valid(e.Data) && (!suffixed || json.Valid(e.Data)):
		member("data", quoted(string(e.Data)))
	default:
		member("data_base64", quoted(base64.StdEncoding.EncodeToString(e.Data)))
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if !slices.Contains(named, name) {
			member(name, quoted(attributes[name]))
		}
	}
	return append(text, '}'), nil
}

// quoted is a string of JSON, with <, > and & as they are.
func quoted(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string has a form, and a buffer takes everything
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// isJSON says whether data of a content type stand as JSON in a structured event. What
// only has its suffix, +json, does by the specification; the SDK for Go neither writes it
// so nor reads it, so it is written as a string, and read as either.
func isJSON(contentType string) (plain, suffixed bool) {
	media, _, _ := mime.ParseMediaType(contentType)
	switch media {
	case "", "application/json", "text/json":
		return contentType == "" || media != "", false
	}
	return false, strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "/json")
}

// Read reads what a request carries, and says in which mode.
func Read(header http.Header, body []byte) (e Event, mode string, err error) {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err == nil && media == ContentType {
		e, err = Parse(body)
		return e, Structured, err
	}
	if version := header.Get("Ce-Specversion"); version != "1.0" {
		return e, Binary, fmt.Errorf("ce-specversion is %.20q", version)
	}
	e = Event{map[string]string{}, body}
	for name, values := range header {
		attribute, found := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !found || attribute == "specversion" {
			continue
		}
		if e.Attributes[attribute], err = url.PathUnescape(values[0]); err != nil {
			e.Attributes[attribute] = values[0] // many senders do not escape
		}
	}
	if contentType := header.Get("Content-Type"); contentType != "" {
		e.Attributes["datacontenttype"] = contentType
	}
	return e, Binary, e.Check()
}

// Parse reads an event in structured mode. It refuses what Check does.
func Parse(body []byte) (e Event, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return e, err
	}
	var version string
	if err := json.Unmarshal(members["specversion"], &version); err != nil || version != "1.0" {
		return e, errors.New("specversion is not 1.0")
	}
	e.Attributes = make(map[string]string, len(members))
	for name, value := range members {
		switch name {
		case "specversion", "data", "data_base64":
			continue
		}
		if string(value) == "null" {
			continue
		}
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			if slices.Contains(named, name) || value[0] == '{' || value[0] == '[' {
				return e, fmt.Errorf("%.40q has the wrong type", name)
			}
			text = string(value)
		}
		e.Attributes[name] = text
	}
	if e.Data, err = dataOf(members, e.Attributes["datacontenttype"]); err != nil {
		return e, err
	}
	return e, e.Check()
}

func dataOf(members map[string]json.RawMessage, contentType string) ([]byte, error) {
	var text string
	data, plain := members["data"]
	plain = plain && string(data) != "null"
	encoded, base := members["data_base64"]
	switch {
	case plain && base:
		return nil, errors.New("there are both data and data_base64")
	case base:
		if err := json.Unmarshal(encoded, &text); err != nil {
			return nil, errors.New("data_base64 is no string")
		}
		return base64.StdEncoding.DecodeString(text)
	case !plain:
		return nil, nil
	}
	asJSON, suffixed := isJSON(contentType)
	if asJSON {
		return data, nil
	}
	if err := json.Unmarshal(data, &text); err == nil {
		return []byte(text), nil
	}
	if suffixed {
		return data, nil
	}
	return nil, fmt.Errorf("data of type %.40q is no string", contentType)
}
