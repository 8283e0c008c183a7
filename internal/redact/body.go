package redact

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/pairsim/pairsim/internal/secret"
)

// Bounds of a body as it is shown.
const (
	deepest    = 32       // levels
	mostFields = 500      // of a form or query
	mostShown  = 32 << 10 // bytes
)

// Shown is a body as it may be shown.
type Shown struct {
	// Text is the body, laid out for people; "" if it is not shown.
	Text string
	// Cut says that Text is not all of it.
	Cut bool
	// Hidden says why there is no text.
	Hidden string
}

// Body shows a body of a media type. whole says that it is all that there was.
func Body(mediaType, encoding string, body []byte, whole bool) Shown {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		return Shown{Cut: !whole}
	}
	if encoding != "" && !strings.EqualFold(encoding, "identity") {
		return Shown{Hidden: "it is encoded"}
	}
	media, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		media = ""
	}
	w := &writer{}
	var failure error
	switch form := formOf(media, body); form {
	case "json":
		failure = w.json(body)
	case "xml":
		failure = w.xml(body)
	case "form":
		failure = w.form(string(body), whole)
	case "pem":
		text, _ := describePEM(string(body))
		w.WriteString(strings.ReplaceAll(text, "; ", "\n"))
	default:
		return Shown{Hidden: "it is neither JSON nor XML, nor a form or certificates"}
	}
	text := w.String()
	if strings.TrimSpace(text) == "" {
		return Shown{Hidden: "it is not what its media type says"}
	}
	return Shown{Text: text, Cut: failure != nil || !whole}
}

// formOf is the form of a body: by its beginning, for many a client does not say, and
// else by its media type.
func formOf(media string, body []byte) string {
	switch {
	case media == "multipart/mixed" || media == "text/event-stream" || media == "application/x-ndjson":
		return ""
	case body[0] == '{' || body[0] == '[':
		return "json"
	case bytes.HasPrefix(body, []byte(begin)):
		return "pem"
	case body[0] == '<' && media != "text/html":
		return "xml"
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		return "json"
	case media == "application/x-www-form-urlencoded":
		return "form"
	}
	return ""
}

var (
	errTooDeep = errors.New("too deep")
	errTooLong = errors.New("too long")
)

// writer lays out what it is given.
type writer struct{ strings.Builder }

func (w *writer) line(depth int) {
	w.WriteByte('\n')
	for range depth {
		w.WriteString("  ")
	}
}

// room is an error when nothing more is shown.
func (w *writer) room(depth int) error {
	switch {
	case depth > deepest:
		return errTooDeep
	case w.Len() > mostShown:
		return errTooLong
	}
	return nil
}

// level is an object or array that has begun.
type level struct {
	object   bool
	key      bool // the next is a key
	n        int
	secretly bool // all in it
	name     string
}

// json writes what can be read of a JSON document; a document that breaks off is
// written as far as it goes.
func (w *writer) json(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var open []level
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && len(open) == 0:
			return nil
		case err == nil:
			err = w.room(len(open))
		}
		if err != nil {
			w.WriteString("…")
			return err
		}
		if end, ok := token.(json.Delim); ok && (end == '}' || end == ']') {
			empty := open[len(open)-1].n == 0
			open = open[:len(open)-1]
			if !empty {
				w.line(len(open))
			}
			w.WriteString(end.String())
			continue
		}
		in := &level{}
		if len(open) > 0 {
			in = &open[len(open)-1]
		}
		if in.object && in.key {
			w.separate(in, len(open))
			in.name, in.key = fmt.Sprint(token), false
			w.quoted(withoutTokens(in.name))
			w.WriteString(": ")
			continue
		}
		if !in.object && len(open) > 0 {
			w.separate(in, len(open))
		}
		in.key = true
		secretly := in.secretly && !in.object
		if in.object {
			secretly = isSecret(in.name, in.secretly)
		}
		if begins, ok := token.(json.Delim); ok {
			w.WriteString(begins.String())
			open = append(open, level{object: begins == '{', key: true, secretly: secretly || in.secretly})
			continue
		}
		w.scalar(in.name, token, secretly)
	}
}

func (w *writer) separate(in *level, depth int) {
	if in.n > 0 {
		w.WriteByte(',')
	}
	in.n++
	w.line(depth)
}

func (w *writer) scalar(name string, token json.Token, secretly bool) {
	switch t := token.(type) {
	case string:
		w.quoted(value(name, t, secretly))
	case nil:
		w.WriteString("null")
	case bool:
		fmt.Fprint(w, t)
	default: // a number
		if secretly {
			w.quoted(secret.Masked)
			return
		}
		w.WriteString(secret.Mask(fmt.Sprint(t)))
	}
}

// quoted writes a string of JSON as people read it.
func (w *writer) quoted(text string) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string has a form
	w.WriteString(strings.TrimSuffix(b.String(), "\n"))
}

// form writes one field per line.
func (w *writer) form(body string, whole bool) error {
	pairs := strings.Split(body, "&")
	if !whole {
		pairs[len(pairs)-1] = "…" // of which a part is missing
	}
	for i, pair := range pairs {
		if i == mostFields {
			w.WriteString("\n…")
			return errTooLong
		}
		if i > 0 {
			w.WriteByte('\n')
		}
		w.WriteString(field(pair))
	}
	return nil
}

// xml writes an element per line, with what stands in it.
func (w *writer) xml(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = true
	d.Entity = map[string]string{}
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	var open []bool // whether the elements are secrets
	names := []string{}
	for {
		token, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF) && len(open) == 0:
			return nil
		case err == nil:
			err = w.room(len(open))
		}
		if err != nil {
			w.WriteString("\n…")
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			secretly := len(open) > 0 && open[len(open)-1]
			secretly = isSecret(t.Name.Local, secretly)
			if w.Len() > 0 {
				w.line(len(open))
			}
			w.WriteString("<" + tag(t.Name))
			for _, a := range t.Attr {
				w.WriteString(" " + tag(a.Name) + "=\"" + escaped(oneLine(value(a.Name.Local, a.Value, isSecret(a.Name.Local, secretly)))) + "\"")
			}
			w.WriteByte('>')
			open, names = append(open, secretly), append(names, tag(t.Name))
		case xml.EndElement:
			if len(open) == 0 || names[len(names)-1] != tag(t.Name) {
				w.WriteString("\n…")
				return errors.New("another element ends")
			}
			open, names = open[:len(open)-1], names[:len(names)-1]
			w.WriteString("</" + tag(t.Name) + ">")
		case xml.CharData:
			text := strings.TrimSpace(string(t))
			if text == "" || len(open) == 0 {
				continue
			}
			w.WriteString(escaped(value(names[len(names)-1], text, open[len(open)-1])))
		}
	}
}

// escaped is a text in XML, with its quotes as they are.
func escaped(text string) string { return escapes.Replace(text) }

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func tag(n xml.Name) string {
	name := n.Local
	if n.Space != "" {
		name = n.Space + ":" + name
	}
	return oneLine(withoutTokens(name))
}
