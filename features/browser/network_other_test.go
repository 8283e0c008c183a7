//go:build browser && !linux

package browser

import "errors"

// aloneInANetwork: only Linux has network namespaces.
func aloneInANetwork() (code int, ran bool, err error) {
	return 0, false, errors.New("this system has no network namespaces")
}
