// Package containers runs pairsim in containers for a test: one container that plays
// everything (Run, in the shape of a testcontainers module), or a landscape whose
// registry and tenants are containers on one network (Start). Both are a
// testenv.Landscape: a test that is written for one runs with the others.
//
//	env := containers.Start(t)
//	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
//	env.CXSim.Pause(t)
//
// Containers have a read-only root and an unprivileged user. Their control listeners,
// which the host must reach, ask for a key that is drawn for each. They hold on to the
// test's process by their standard input: they end and are removed with it, also when
// it is killed and nothing else (Ryuk) looks after them.
//
// Where the test and the engine share a network without sharing a host name, the
// variable TESTCONTAINERS_HOST_OVERRIDE says how the engine's ports are reached.
package containers
