package sqlite

import "github.com/pairsim/pairsim/btp/store/sqlstore"

// hot is what the writing connection remembers of its last step. SQLite's data
// version tells whether anybody else has written in the meantime.
type hot struct {
	sqlstore.Hot
	version uint32
}

// check runs at the start of a transaction, when the data version is up to date.
func (h *hot) check(c *conn) error {
	version, err := c.dataVersion()
	h.at(version)
	if err != nil {
		h.Forget()
	}
	return err
}

// at forgets what is not of this version.
func (h *hot) at(version uint32) {
	if version != h.version {
		h.Forget()
		h.version = version
	}
}

// saved runs after a commit, which changes the data version too. The change is
// saved whatever happens here; at worst everything is read again.
func (h *hot) saved(c *conn) {
	version, err := c.dataVersion()
	if err != nil {
		h.Forget()
		return
	}
	h.version = version
}
