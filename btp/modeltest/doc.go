// Package modeltest holds the rules of btp against a small model of them: the
// same random operations are carried out by a registry and by the model, and
// after each the two must have answered the same and show the same.
//
// The model is written from the documents (sap-domain §3–§8, §24; design §4;
// pairing-protocols §6.7, §6.8), not from the tables of btp, so that a wrong row
// there is found here. It knows no ids: a system is named by its global account
// and name, "default/Shop", and so are formations.
//
// A sequence of operations is a text, one operation a line. One that failed once
// is kept in testdata/regressions and carried out with every test run; a random
// run that fails prints its sequence in this form. PAIRSIM_VOLUME=full, as make
// soak sets it, runs many more and longer sequences.
package modeltest
