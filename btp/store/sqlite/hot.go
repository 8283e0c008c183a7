package sqlite

import (
	"github.com/pairsim/pairsim/btp"
)

// hot keeps what every step reads first and few write: the environment's
// record and the global account, of the last step. SQLite's data version tells
// whether anybody else has written in the meantime.
type hot struct {
	version uint32

	env         string
	environment btp.Environment

	accountEnv, accountName string
	account                 btp.GlobalAccount
}

func (h *hot) forget() { *h = hot{} }

// check runs at the start of a transaction, when the data version is up to date.
func (h *hot) check(c *conn) error {
	if h == nil {
		return nil
	}
	version, err := c.dataVersion()
	if err != nil || version != h.version {
		*h = hot{version: version}
	}
	return err
}

// saved runs after a commit, which changes the data version too. The change is
// saved whatever happens here; at worst everything is read again.
func (h *hot) saved(c *conn) {
	version, err := c.dataVersion()
	if err != nil {
		h.forget()
		return
	}
	h.version = version
}
