package control_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

func TestUsersOnTheWire(t *testing.T) {
	h, _ := newControl(t)
	made := call(h, "POST", "/control/users", `{"subaccount":"dev","name":"jane@acme.example","password":"Sesame-1"}`)
	if made.Code != 201 {
		t.Fatalf("got %d %s", made.Code, made.Body)
	}
	listed := call(h, "GET", "/control/users", "").Body.String()
	if !strings.Contains(listed, `"name":"jane@acme.example"`) || strings.Contains(listed, "Sesame-1") {
		t.Errorf("got %s, want jane without her password", listed)
	}
	if w := call(h, "DELETE", "/control/users/dev/jane@acme.example", ""); w.Code != 204 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := codeOf(t, call(h, "DELETE", "/control/users/dev/jane@acme.example", "")); got != "user-not-found" {
		t.Errorf("deleted twice: got %s, want user-not-found", got)
	}
}

func TestUsers(t *testing.T) {
	h, _ := newControl(t)
	server := httptest.NewServer(h)
	defer server.Close()
	c := btpclient.NewControl(server.URL, server.Client())
	ctx := t.Context()
	want := btpclient.User{Subaccount: "dev", Name: "jane@acme.example", Password: "Sesame-1"}
	made, err := c.CreateUser(ctx, want)
	if err != nil || made.Email != "jane@acme.example" || made.ID == "" || !made.CreatedAt.Equal(start) {
		t.Fatalf("got %+v, %v", made, err)
	}
	if _, err := c.CreateUser(ctx, want); btpclient.CodeOf(err) != "name-taken" {
		t.Errorf("twice: got %v, want name-taken", err)
	}
	want.Subaccount = "nowhere"
	if _, err := c.CreateUser(ctx, want); btpclient.CodeOf(err) != "subaccount-not-found" {
		t.Errorf("another subaccount: got %v, want subaccount-not-found", err)
	}
	if all, err := c.Users(ctx); err != nil || len(all) != 1 || all[0] != made {
		t.Errorf("got %+v, %v; want the one user", all, err)
	}
	if err := c.DeleteUser(ctx, "dev", "jane@acme.example"); err != nil {
		t.Error(err)
	}
	if err := c.DeleteUser(ctx, "dev", "jane@acme.example"); btpclient.CodeOf(err) != "user-not-found" {
		t.Errorf("deleted twice: got %v, want user-not-found", err)
	}
}
