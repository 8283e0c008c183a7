package strict

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
)

// draw is a source of chance for one rule and one request of a subject; the same
// seed, rule, subject and n give the same.
func draw(seed uint64, rule Number, subject string, n int) *rand.Rand {
	text := strconv.FormatUint(seed, 10) + "\x00" + string(rule) + "\x00" + subject + "\x00" + strconv.Itoa(n)
	sum := sha256.Sum256([]byte(text))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])))
}

// odds are how often a rule strikes: one time in so many.
var odds = map[Number]int{
	ShuffledKeys: 2, ShuffledLists: 2, UnknownKeys: 2, FreeText: 2, DiscoveredPaths: 1, PairingPaths: 1, ProvisionalURLs: 2,
	ShortAttempt: 1, Busy: 4, BusyUntilDate: 2, TooEarly: 1, Pieces: 2, Closing: 3, RotatedKeys: 2, ChainLength: 2, HeaderCase: 2,
	PEMText: 2, AbsentFields: 2,
}

// strikes says whether the rule is on and drawn for a request; chance is then
// where it draws from further.
func (l *Layer) strikes(rule Number, subject string, n int) (chance *rand.Rand, yes bool) {
	if !l.on[rule] {
		return nil, false
	}
	chance = draw(l.Settings.Seed, rule, subject, n)
	if one := odds[rule]; one > 1 && chance.IntN(one) != 0 {
		return nil, false
	}
	return chance, true
}
