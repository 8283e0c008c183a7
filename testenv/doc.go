// Package testenv starts a whole landscape for a test: the registry, its TLS
// listener and one tenant of each product, in-process, on free ports, with a
// clock that moves only when told.
//
//	env := testenv.Start(t)
//	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
//	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
//	env.ExpectStatus(t, "Web Shop", "Registered")
//
// Landscapes share nothing but a pool of spare RSA keys; tests may run in parallel.
package testenv
