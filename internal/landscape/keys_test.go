package landscape

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// TestPrivateKeysOfTenantsNeverLeaveThem: while systems live, the private keys that the
// tenants make are in no request and no answer of any wire, in no entry of the journal, no
// recorded message and no snapshot without secrets. A whole snapshot has those in use: it
// is how a tenant goes on after a restore.
//
// Rule: keys-private
func TestPrivateKeysOfTenantsNeverLeaveThem(t *testing.T) {
	t.Parallel()
	o := observe(t)
	o.lives("v1")
	s := must(o.operator.Register(t.Context(), "default", "Kept", "SAP Commerce Cloud"))(t)
	token := must(o.operator.IssueToken(t.Context(), s.ID))(t)
	if _, err := o.tenants["commerce"].StartPairing(t.Context(), "commerce", token.TokenURL, ""); err != nil {
		t.Fatal(err)
	}

	texts := map[string][]byte{}
	certificates := 0
	for i, one := range o.exchanges() {
		headers := must(json.Marshal([]http.Header{one.requestHeader, one.header}))(t)
		texts[fmt.Sprint(i, " ", one.method, " ", one.path)] = slices.Concat([]byte(one.query), one.requestBody, headers, one.body)
		if bytes.Contains(one.requestBody, []byte(`"csr"`)) {
			certificates++
		}
	}
	entries, _ := o.Registry().Journal().Read(btp.JournalFilter{})
	texts["the journal"] = must(json.Marshal(entries))(t)
	for _, e := range entries {
		if said, kept := o.first.messages.Find(e.Sequence); kept {
			texts["the messages"] = append(texts["the messages"], must(json.Marshal(said))(t)...)
		}
	}
	texts["the snapshot without secrets"] = must(o.control.Snapshot(t.Context(), false))(t)
	whole := must(o.control.Snapshot(t.Context(), true))(t)

	o.mu.Lock()
	keys := slices.Clone(o.keys)
	o.mu.Unlock()
	inUse := 0
	for _, key := range keys {
		forms := formsOf(must(key.(*ecdsa.PrivateKey).Bytes())(t))
		for where, text := range texts {
			if tells(text, forms) {
				t.Errorf("%s holds a tenant's private key", where)
			}
		}
		if tells(whole, forms) {
			inUse++
		}
	}
	if inUse == 0 {
		t.Error("no key is in the whole snapshot: the test looks past them")
	}
	if len(keys) < 5 || certificates < 5 || len(texts["the messages"]) < 50_000 {
		t.Errorf("there are %d keys, %d certificate requests and %d bytes of messages: the test looks past them", len(keys), certificates, len(texts["the messages"]))
	}
}

// formsOf are a key's secret number as it may be written: raw, in hex, and in base64
// wherever it stands in what was encoded.
func formsOf(number []byte) (forms []string) {
	forms = []string{string(number), hex.EncodeToString(number), strings.ToUpper(hex.EncodeToString(number))}
	for before := range 3 {
		shifted := slices.Concat(make([]byte, before), number)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString(shifted)
			forms = append(forms, text[4:40]) // without what depends on the neighbours
		}
	}
	return forms
}

// tells looks past the line breaks of PEM.
func tells(text []byte, forms []string) bool {
	joined := strings.NewReplacer("\n", "", `\n`, "", "\r", "").Replace(string(text))
	return slices.ContainsFunc(forms, func(form string) bool { return bytes.Contains(text, []byte(form)) || strings.Contains(joined, form) })
}
