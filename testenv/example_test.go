package testenv_test

import (
	"context"
	"fmt"
	"log"

	"github.com/pairsim/pairsim/testenv"
)

// A landscape outside of a test: within one, Start(t) does the same and ends it.
func ExampleNew() {
	ctx := context.Background()
	env, err := testenv.New(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer env.Close()

	shop, err := env.Operator().Register(ctx, "default", "Web Shop", testenv.CommerceCloud)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := env.Tenants().Pair(ctx, "commerce", shop.IntegrationToken.TokenURL, ""); err != nil {
		log.Fatal(err)
	}
	shop, err = env.Operator().System(ctx, shop.ID)
	fmt.Println(shop.Name, "is", shop.Status.Label, err)
	// Output: Web Shop is Registered <nil>
}

// The binary as a process, used by what it says of itself.
func ExampleNewProcess() {
	ctx := context.Background()
	p, err := testenv.NewProcess(ctx, testenv.WithFlags("--edition", "v2"))
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	clock, err := p.Controls().Clock(ctx)
	fmt.Println(clock.Now.Equal(testenv.Epoch), clock.Frozen, err)
	// Output: true true <nil>
}

// A landscape that somebody else has started.
func ExampleConnect() {
	ctx := context.Background()
	running, err := testenv.New(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer running.Close()

	env, err := testenv.Connect(ctx, testenv.Address{HTTP: running.HTTP(), MTLS: running.MTLS(), Control: running.Control()})
	if err != nil {
		log.Fatal(err)
	}
	types, err := env.Operator().SystemTypes(ctx)
	fmt.Println(len(types) > 0, err)
	// Output: true <nil>
}
