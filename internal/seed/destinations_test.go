package seed_test

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
)

const goodDestination = `{subaccount: dev, properties: {Name: orders, Type: HTTP, URL: "https://api.example", Authentication: BasicAuthentication, User: EXT, Password: Secret-1}}`

func TestUsersAndDestinations(t *testing.T) {
	f, err := seed.Parse([]byte("users:\n  - {subaccount: dev, name: jane@acme.example, password: Sesame-1}\ndestinations:\n  - " + goodDestination + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Try(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg := landscape.Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", landscape.Off, landscape.Off
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	l, err := landscape.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context()) //nolint:errcheck // it is not what is tested
	d, err := destination.UseCases{Registry: l.Registry()}.Show(t.Context(), "dev", "", "orders")
	if err != nil || d.Property("Password") != "Secret-1" {
		t.Errorf("got %+v, %v", d, err)
	}
	users, err := l.Registry().Users(t.Context())
	if err != nil || len(users) != 1 || users[0].Email != "jane@acme.example" || users[0].Subaccount != btp.SubaccountID("dev") {
		t.Errorf("got %+v, %v", users, err)
	}
}

func TestUsersAndDestinationsAreChecked(t *testing.T) {
	for _, tt := range []struct{ name, document, want string }{
		{"user of nowhere", "users: [{subaccount: prod, name: a@b.example, password: Sesame-1}]", `users[0].subaccount: there is no subaccount "prod"`},
		{"user twice", "users: [{subaccount: dev, name: a@b.example, password: Sesame-1}, {subaccount: dev, name: a@b.example, password: Sesame-1}]", "users[1]: there is a user"},
		{"a short password", "users: [{subaccount: dev, name: a@b.example, password: Sesame}]", "users[0].password"},
		{"no address", "users: [{subaccount: dev, name: jane, password: Sesame-1}]", "users[0]: email"},
		{"destination of nowhere", "destinations: [" + strings.Replace(goodDestination, "dev", "prod", 1) + "]", `destinations[0].subaccount: there is no subaccount "prod"`},
		{"destination twice", "destinations: [" + goodDestination + ", " + goodDestination + "]", "destinations[1]: there is a destination"},
		{"destination without URL", "destinations: [{subaccount: dev, properties: {Name: x, Type: HTTP}}]", "destinations[0].properties: URL: is required"},
		{"a number", "destinations: [{subaccount: dev, properties: {Name: x, Type: HTTP, URL: \"http://h\", sap-client: 100}}]", "destinations[0].properties.sap-client"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := seed.Parse([]byte(tt.document))
			if err == nil {
				err = f.Try(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want …%s…", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "Sesame") {
				t.Errorf("it tells the password: %v", err)
			}
		})
	}
}
