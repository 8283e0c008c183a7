// Package tiny is what the tests of mutate break.
package tiny

// Adult says whether a person of this age is one.
func Adult(age int) bool {
	return age >= 18
}

// Price is what a ticket costs.
func Price(age int) int {
	if !Adult(age) {
		return 5
	}
	return 10
}
