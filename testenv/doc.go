// Package testenv starts a whole landscape for a test: the registry, its TLS
// listener and one tenant of each product, in-process, on free ports, with a
// clock that moves only when told.
//
//	env := testenv.Start(t)
//	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
//	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
//	env.ExpectStatus(t, "Web Shop", "Registered")
//
// A test that needs many makes environments in one: isolated worlds that are made
// in about a millisecond and share listeners.
//
//	a, b := env.NewEnvironment(t), env.NewEnvironment(t, testenv.WithEdition("v2"))
//
// Landscapes share nothing but a pool of spare RSA keys; tests may run in parallel.
package testenv
