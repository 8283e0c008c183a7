package sqlstore

import "github.com/pairsim/pairsim/btp"

type replays struct{ *tx }

const replayColumns = `SELECT key, request, created, token, created_at FROM replays WHERE env = ?`

func readReplay(r Row) btp.Replay {
	p := btp.Replay{Key: r.Text(0), Created: r.Text(2), Token: btp.TokenID(r.Text(3)), CreatedAt: r.Time(4)}
	copy(p.Request[:], r.Bytes(1))
	return p
}

func (t replays) Find(key string) (p btp.Replay, ok bool, err error) {
	ok, err = t.one(replayColumns+` AND key = ?`, func(r Row) error {
		p = readReplay(r)
		return nil
	}, t.env, key)
	return p, ok, err
}

var replayTable = tableOf("replays", "env, key", "request, created, token, created_at")

func (t replays) Put(p btp.Replay) error {
	return t.put(replayTable, t.env, p.Key, p.Request[:], p.Created, string(p.Token), p.CreatedAt)
}

func (t replays) Delete(key string) error {
	return t.write(`DELETE FROM replays WHERE env = ? AND key = ?`, t.env, key)
}
