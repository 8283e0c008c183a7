package btp

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
)

// Bounds of names, in bytes.
const (
	MaxSystemName      = 100
	maxApplicationName = 64
)

// checkSystemName holds a name against SEED-000 ("only printable ASCII") and
// against what pairsim decides beside it: 1 to 100 bytes, no blank at an end.
func checkSystemName(name string) error { return checkPrintable("system", name) }

// checkPrintable refuses with NameInvalid what no kind of thing is called.
func checkPrintable(kind, name string) error {
	switch {
	case name == "":
		return Errorf(NameInvalid, "a %s needs a name", kind)
	case len(name) > MaxSystemName:
		return Errorf(NameInvalid, "a %s name has at most %d bytes; this one has %d", kind, MaxSystemName, len(name))
	}
	for i := range len(name) {
		if b := name[i]; b < 0x20 || b > 0x7e {
			return Errorf(NameInvalid, "a %s name holds printable ASCII characters only (0x20 to 0x7E); byte %d is 0x%02X", kind, i+1, b)
		}
	}
	if name[0] == ' ' || name[len(name)-1] == ' ' {
		return Errorf(NameInvalid, "a %s name has no leading or trailing blank", kind)
	}
	return nil
}

// normalise makes an application name of a system name, as the open-source
// landscape does (sap-domain §15.2): prefix mp-, lower case, other characters
// and runs of hyphens become one hyphen, a trailing one is cut.
func normalise(name string) string {
	var b strings.Builder
	b.Grow(len(name) + 3)
	if !strings.HasPrefix(name, "mp-") {
		b.WriteString("mp-")
	}
	hyphen := b.Len() > 0
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		default:
			c = '-'
		}
		if c == '-' && hyphen {
			continue
		}
		hyphen = c == '-'
		b.WriteByte(c)
	}
	return strings.TrimSuffix(b.String(), "-")
}

// applicationName gives the name under which a system appears in a runtime. It
// is fixed at registration. taken says whether another system has a name.
func applicationName(systemName string, id SystemID, taken func(string) (bool, error)) (string, error) {
	name := normalise(systemName)
	if len(name) <= maxApplicationName {
		used, err := taken(name)
		if err != nil || !used {
			return name, err
		}
	}
	// Six hexadecimal digits of the id, more in the unlikely case that these are taken.
	digits := hexDigits(id)
	for n := 6; ; n += 6 {
		suffix := "-" + digits[:min(n, len(digits))]
		candidate := name
		if most := maxApplicationName - len(suffix); len(candidate) > most {
			candidate = strings.TrimRight(candidate[:most], "-")
		}
		used, err := taken(candidate + suffix)
		if err != nil || !used {
			return candidate + suffix, err
		}
		if n > len(digits) {
			return "", Errorf(NameTaken, "no application name is left for %q", systemName)
		}
	}
}

// hexDigits are the digits of an id that is a UUID, and of the digest of any other.
func hexDigits(id SystemID) string {
	if u, err := uuid.Parse(string(id)); err == nil {
		return hex.EncodeToString(u[:])
	}
	digest := sha256.Sum256([]byte(id))
	return hex.EncodeToString(digest[:])
}
