// Package steps says what the sentences of the features do. It uses a landscape
// as its users do, over HTTP, and knows nothing of how it was started: Start is
// the runner's, be it in-process, a process, containers or a foreign target.
//
// A Given succeeds or returns the error. A When records how its request ended. A
// Then judges, by what a user could see through the same APIs. Failures tell what
// was got and wanted, and never a token.
package steps
