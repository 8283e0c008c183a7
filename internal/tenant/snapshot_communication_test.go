package tenant

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestASnapshotHoldsArrangements(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, func(c *Config) {
		c.Communication = Declared{
			Scenarios: []Scenario{{ID: "YY1_A", Name: "a", Authentications: Authentications{Outbound: []Authentication{NoAuthentication}}, OutboundServices: []OutboundService{{ID: "a", Name: "a"}}}},
			Disabled:  []string{"SAP_COM_0205"}, Users: []string{"jane@alpine.test"},
		}
	})
	made := arrange(t, tenant, f, "i-1", basicArrangement())
	arrange(t, tenant, f, "m-1", messagingArrangement(f))
	if _, err := tenant.BindTopic(t.Context(), "2", "sap/s4/beh/order/*"); err != nil {
		t.Fatal(err)
	}
	arrange(t, tenant, f, "o-1", outboundArrangement("127.0.0.1:1", nil))
	order(t, tenant, "1")
	waitFor(t, func() bool { return len(tenant.OutboundLog()) >= 2 })
	before := checked(t, tenant.Snapshot())
	if c := before.Communication; len(c.Arrangements) != 3 || len(c.Custom) != 1 || !slices.Equal(c.Disabled, []string{"SAP_COM_0205"}) || len(c.Pending) == 0 {
		t.Fatalf("got %+v", before.Communication)
	}
	resume, err := tenant.Pause(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	resume()
	if c := tenant.Snapshot().Communication; c == nil || len(c.Arrangements)+len(c.Pending)+len(c.Log) > 0 || len(c.Custom) != 1 || len(c.Users) != 1 {
		t.Errorf("after a reset there is %+v, want what was declared", c)
	}
	restore(t, tenant, before)
	if diff := cmp.Diff(before.Communication, tenant.Snapshot().Communication); diff != "" {
		t.Errorf("restored (-before +after):\n%s", diff)
	}
	if allowed, _ := tenant.arranged(basicRequest(made.User), tenant.cfg.Product.APIs[1]); !allowed {
		t.Error("the restored user is not let in")
	}
}

func TestSnapshotsOfArrangementsThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	arrange(t, tenant, f, "i-1", basicArrangement())
	for want, change := range map[string]func(*SnapshotCommunication){
		"communication.users: items[0]: is no e-mail address": func(c *SnapshotCommunication) { c.Users = []string{"x"} },
		"communication.custom[0].id: it is YY1_":              func(c *SnapshotCommunication) { c.Custom = []SnapshotScenario{{ID: "SAP_COM_1"}} },
		"communication.arrangements[0].id: it is a number":    func(c *SnapshotCommunication) { c.Arrangements[0].ID = "2" },
		"communication.arrangements[0].instance: ":            func(c *SnapshotCommunication) { c.Arrangements[0].Instance = "a b" },
		"communication.arrangements[1].instance: ": func(c *SnapshotCommunication) {
			c.LastArrangement, c.Arrangements = 2, append(c.Arrangements, c.Arrangements[0])
			c.Arrangements[1].ID = "2"
		},
		"communication.arrangements[0].wanted: it is no request for an arrangement":            func(c *SnapshotCommunication) { c.Arrangements[0].Wanted.Value = "x" },
		"communication.arrangements[0].wanted: it is no request for an arrangement that could": func(c *SnapshotCommunication) { c.Arrangements[0].Wanted.Value = "{}" },
		"communication.arrangements[0].user: ":                                                 func(c *SnapshotCommunication) { c.Arrangements[0].User = "" },
		"communication.pending[0].id: ": func(c *SnapshotCommunication) {
			c.Pending = []SnapshotDelivery{{ID: 9, Arrangement: "1", Service: "s", Body: []byte("{}")}}
		},
		"communication.pending[0].arrangement: ": func(c *SnapshotCommunication) {
			c.LastDelivery, c.Pending = 1, []SnapshotDelivery{{ID: 1, Arrangement: "7", Service: "s", Body: []byte("{}")}}
		},
		"communication.pending[0].service: ": func(c *SnapshotCommunication) {
			c.LastDelivery, c.Pending = 1, []SnapshotDelivery{{ID: 1, Arrangement: "1", Body: []byte("{}")}}
		},
		"communication.log: ": func(c *SnapshotCommunication) { c.Log = make([]SnapshotLogEntry, maxLog+1) },
	} {
		s := tenant.Snapshot()
		change(s.Communication)
		var found []string
		s.Check(func(path, problem string) { found = append(found, path+": "+problem) })
		if len(found) != 1 || !strings.HasPrefix(found[0], want) {
			t.Errorf("got %q, want %q", found, want)
		}
	}
}
