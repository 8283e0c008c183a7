// Package btp holds the rules of the simulated SAP BTP registry: global
// accounts, systems, integration tokens, pairing attempts, certificates and what
// paired systems publish. It does no I/O of its own: storage, signing and the
// certificate authority are interfaces that the folders below implement, HTTP
// stands in front of it, and time comes from the environment's clock.
//
// Four seams run through everything here:
//
//   - an environment owns every object, key, clock and journal;
//   - one atomic step (Store.Update) spans all objects of an environment;
//   - due work (Due) is stored and fired in the order of its instants;
//   - every step of a flow runs through Registry.step, which names its point.
package btp
