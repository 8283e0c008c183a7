package sqlstore

import "github.com/pairsim/pairsim/btp"

// Hot keeps what every step reads first and few write: an environment's record and
// its global account. Who hands it to a run knows that nobody else has written since.
type Hot struct {
	env         string
	environment btp.Environment

	accountEnv, accountName string
	account                 btp.GlobalAccount
}

// Forget makes the next run read everything again.
func (h *Hot) Forget() { *h = Hot{} }
