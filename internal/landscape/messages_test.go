package landscape

import (
	"net/http"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// latestRequest is the newest request to register a system, in the environment of a
// control API.
func latestRequest(t *testing.T, control *btpclient.Control) btpclient.JournalEntry {
	t.Helper()
	entries, _, err := control.Journal(t.Context(), btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "request", Point: "system.register"}})
	if err != nil || len(entries) == 0 {
		t.Fatalf("got %+v, %v", entries, err)
	}
	return entries[len(entries)-1]
}

// What faults do to an answer is what the client got, and what is shown.
func TestAnAnswerIsShownAsItWasSent(t *testing.T) {
	l := start(t)
	control, operator := btpclient.NewControl(l.Control, http.DefaultClient), btpclient.NewOperator(l.HTTP, http.DefaultClient)
	fail := btpclient.Fault{Point: "system.register", Action: &btpclient.FaultAction{Kind: "fail", Answer: &btpclient.FaultAnswer{Status: 503, Body: `{"busy":true}`}}}
	if _, err := control.AddFault(t.Context(), fail); err != nil {
		t.Fatal(err)
	}
	_, _ = operator.Register(t.Context(), "default", "shop", "SAP Commerce Cloud")
	said, err := control.Recording(t.Context(), latestRequest(t, control).Seq)
	if err != nil || said.Response == nil || said.Response.Status != 503 || said.Response.Body.Text != "{\n  \"busy\": true\n}" {
		t.Errorf("got %+v, %v", said.Response, err)
	}
	if said.Request.Body == nil || said.Request.Body.Text != "{\n  \"name\": \"shop\",\n  \"type\": \"SAP Commerce Cloud\"\n}" {
		t.Errorf("the request is shown as %+v", said.Request.Body)
	}
}

// Messages belong to an environment, and to what it is until it is reset.
func TestMessagesEndWithAResetAndStayInTheirEnvironment(t *testing.T) {
	l := start(t)
	control := btpclient.NewControl(l.Control, http.DefaultClient)
	made, err := control.CreateEnvironment(t.Context(), btpclient.NewEnvironment{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	other := btpclient.NewControl(made.URLs.Control, http.DefaultClient)
	for _, base := range []string{l.HTTP, made.URLs.HTTP} {
		if _, err := btpclient.NewOperator(base, http.DefaultClient).Register(t.Context(), "default", "shop of "+base, "SAP Commerce Cloud"); err != nil {
			t.Fatal(err)
		}
	}
	mine, theirs := latestRequest(t, control), latestRequest(t, other)
	for env, c := range map[*btpclient.Control]struct {
		seq  uint64
		base string
	}{control: {mine.Seq, l.HTTP}, other: {theirs.Seq, made.URLs.HTTP}} {
		said, err := env.Recording(t.Context(), c.seq)
		if err != nil || said.Request.Body.Text != "{\n  \"name\": \"shop of "+c.base+"\",\n  \"type\": \"SAP Commerce Cloud\"\n}" {
			t.Errorf("%s: got %+v, %v", c.base, said.Request.Body, err)
		}
	}
	if err := other.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Recording(t.Context(), theirs.Seq); btpclient.CodeOf(err) != "recording-not-found" {
		t.Errorf("after its reset: %v", err)
	}
	if _, err := control.Recording(t.Context(), mine.Seq); err != nil {
		t.Errorf("after the reset of another: %v", err)
	}
}

// Where nobody could ask, nothing is kept.
func TestNothingIsRecordedWithoutControl(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no control listener": func(c *Config) { c.Control = Off },
		"not wanted":          func(c *Config) { c.NoMessages = true },
		"no journal":          func(c *Config) { c.NoJournal = true },
	} {
		if l := start(t, change); l.first.messages.Recording() {
			t.Errorf("%s: messages are recorded", name)
		}
	}
}
