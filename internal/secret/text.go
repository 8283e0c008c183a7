package secret

import (
	"encoding/json"
	"errors"
)

// Text is a secret of a document. It stands in an object of its own,
// {"secret": "…"}, so that whoever reads the document knows what to hide. The zero value is none at all: leave it out (omitzero).
type Text struct {
	Value string
	// Omitted says that there is one, which is not told: {"secret": null}.
	Omitted bool
}

type wire struct {
	Secret *string `json:"secret"`
}

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.Omitted {
		return json.Marshal(wire{})
	}
	return json.Marshal(wire{&t.Value})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(data []byte) error {
	var w *wire
	if err := json.Unmarshal(data, &w); err != nil || w == nil {
		return errors.New("a secret is an object with the key secret")
	}
	if *t = (Text{Omitted: w.Secret == nil}); w.Secret != nil {
		t.Value = *w.Secret
	}
	return nil
}

// String keeps a secret out of logs and of errors' texts.
func (t Text) String() string { return "[secret]" }

// GoString is String.
func (t Text) GoString() string { return t.String() }
