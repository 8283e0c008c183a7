//go:build containers

package containers_test

import (
	"context"
	"fmt"
	"log"

	"github.com/pairsim/pairsim/testenv"
	"github.com/pairsim/pairsim/testenv/containers"
)

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
	// Output: Web Shop <nil>
}
