package btp

import "slices"

// Match is what a change asks of the version that it replaces (If-Match, RFC
// 9110 §13.1.1). The zero value asks nothing.
type Match struct {
	// Asked says that there is a condition; Any is met by every version.
	Asked, Any bool
	Versions   []uint64
}

func (m Match) check(version uint64) error {
	if !m.Asked || m.Any || slices.Contains(m.Versions, version) {
		return nil
	}
	return Errorf(PreconditionFailed, "somebody has changed it in the meantime: it has version %d now", version)
}
