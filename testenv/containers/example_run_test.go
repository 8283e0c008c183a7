//go:build containers

package containers_test

func ExampleRun_carriedOut() {
	ExampleRun()
	// Output: Web Shop <nil>
}

func ExampleRunLandscape_carriedOut() {
	ExampleRunLandscape()
	// Output: SAP Marketing Cloud <nil>
}
