// Package verify carries out the features against a target that runs already: our
// own server, whose control makes an environment for each scenario, or a registry of
// somebody else, of which only token URLs are known (@wire). It imports no testing:
// the binary runs it.
package verify
