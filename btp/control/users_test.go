package control_test

import (
	"net/http/httptest"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

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
