// Package clientcheck holds a connector, in any language, to what SAP's and Kyma's
// documents promise it: it lets the connector pair in a landscape of its own, again
// and again, each time with something else that may happen, and judges it by how it
// ends, by the system's status and by the journal (pairsim verify client). What is
// checked stands in one table, Checks, each row with its document and the next step
// of whoever fails.
package clientcheck
