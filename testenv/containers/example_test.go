package containers_test

import (
	"context"
	"fmt"
	"log"

	"github.com/pairsim/pairsim/testenv"
	"github.com/pairsim/pairsim/testenv/containers"
)

// Examples have no output here, so that they are seen in the documentation but need no
// engine: example_run_test.go carries them out where there is one.

// The container can be ended as any module's: testcontainers.CleanupContainer(t, pairsim)
// in a test.
func ExampleRun() {
	ctx := context.Background()
	image, err := containers.BuildImage(ctx) // or one of your own: make image
	if err != nil {
		log.Fatal(err)
	}
	pairsim, err := containers.Run(ctx, image, containers.WithEdition("v2"))
	if err != nil {
		log.Fatal(err)
	}
	defer pairsim.Close(ctx)

	shop, err := pairsim.Operator().Register(ctx, "default", "Web Shop", testenv.CommerceCloud)
	fmt.Println(shop.Name, err)
}

// In a test, containers.Start(t) does the same and ends it.
func ExampleRunLandscape() {
	ctx := context.Background()
	image, err := containers.BuildImage(ctx)
	if err != nil {
		log.Fatal(err)
	}
	env, err := containers.RunLandscape(ctx, image)
	if err != nil {
		log.Fatal(err)
	}
	defer env.Close(ctx)

	tenant, err := env.TenantsAt("marketing").Tenant(ctx, "marketing") // in a container of its own
	fmt.Println(tenant.Product, err)
}
