package control_test

import (
	"net/http"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

func TestWhatSaidNothingIsNotFound(t *testing.T) {
	h, registry := newControl(t)
	last := registry.Journal().Append(btp.Entry{Kind: btp.EntryDecision}, btp.Entry{Kind: btp.EntryRequest, Method: "GET", Path: "/x", Status: 200})
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/control/journal/1/message":                    {http.StatusNotFound, "recording-not-found"},
		"/control/journal/x/message":                    {http.StatusBadRequest, "invalid-request"},
		"/control/journal/18446744073709551616/message": {http.StatusBadRequest, "invalid-request"},
		"/control/journal/1/message?x=1":                {http.StatusBadRequest, "invalid-request"},
	} {
		if w := call(h, http.MethodGet, path, ""); w.Code != want.status || codeOf(t, w) != want.code {
			t.Errorf("%s: got %d %s, want %+v", path, w.Code, w.Body, want)
		}
	}
	if last != 2 {
		t.Errorf("the latest entry is number %d, want 2", last)
	}
}
