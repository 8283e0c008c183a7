// Package noprogram keeps packages from running programs as a process starts.
//
// godog's builder, which its test suites bring along, runs "go env" in an
// initialiser of a package variable, wherever there is a go on the PATH. That takes
// longer than all that pairsim does until it answers, and runs a program of which its user
// knows nothing. So there is no PATH while packages are initialised.
//
// Importing this package is enough. Go initialises, of all packages whose imports are
// ready, the one whose path sorts first (Go specification, Package initialization). This
// one is ready as soon as os is, and sorts before text/template, which imports os and is
// imported by the builder.
package noprogram

import "os"

const variable = "PATH"

var hidden, was = hide()

func hide() (string, bool) {
	path, set := os.LookupEnv(variable)
	if !set || os.Unsetenv(variable) != nil {
		return "", false
	}
	return path, true
}

// Over puts the PATH back. The package main calls it in an initialiser, which is the
// last one.
func Over() {
	if was {
		_ = os.Setenv(variable, hidden) // it was set to this
	}
}
