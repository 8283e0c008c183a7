package sqlite

import "github.com/pairsim/pairsim/btp"

type replays struct{ *tx }

const replayColumns = `SELECT key, request, created, token, created_at FROM replays WHERE env = ?`

func readReplay(r row) btp.Replay {
	p := btp.Replay{Key: r.text(0), Created: r.text(2), Token: btp.TokenID(r.text(3)), CreatedAt: r.time(4)}
	copy(p.Request[:], r.bytes(1))
	return p
}

func (t replays) Find(key string) (p btp.Replay, ok bool, err error) {
	ok, err = t.one(replayColumns+` AND key = ?`, func(r row) error {
		p = readReplay(r)
		return nil
	}, t.env, key)
	return p, ok, err
}

func (t replays) Put(p btp.Replay) error {
	return t.write(`INSERT OR REPLACE INTO replays (env, key, request, created, token, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		t.env, p.Key, p.Request[:], p.Created, string(p.Token), p.CreatedAt)
}

func (t replays) Delete(key string) error {
	return t.write(`DELETE FROM replays WHERE env = ? AND key = ?`, t.env, key)
}
