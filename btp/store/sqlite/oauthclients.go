package sqlite

import "github.com/pairsim/pairsim/btp"

type oauthClients struct{ *tx }

const oauthClientColumns = `SELECT id, secret, role, global_account, tenant, created_at FROM oauth_clients WHERE env = ?`

func readOAuthClient(r row) btp.OAuthClient {
	c := btp.OAuthClient{
		ID: r.text(0), Role: r.text(2), GlobalAccount: btp.GlobalAccountID(r.text(3)), Tenant: r.text(4), CreatedAt: r.time(5),
	}
	copy(c.Secret[:], r.bytes(1))
	return c
}

func (t oauthClients) Find(id string) (c btp.OAuthClient, ok bool, err error) {
	ok, err = t.one(oauthClientColumns+` AND id = ?`, func(r row) error {
		c = readOAuthClient(r)
		return nil
	}, t.env, id)
	return c, ok, err
}

func (t oauthClients) List() (list []btp.OAuthClient, err error) {
	err = t.query(oauthClientColumns+` ORDER BY id`, func(r row) error {
		list = append(list, readOAuthClient(r))
		return nil
	}, t.env)
	return list, err
}

func (t oauthClients) Put(c btp.OAuthClient) error {
	return t.write(`INSERT OR REPLACE INTO oauth_clients (env, id, secret, role, global_account, tenant, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		t.env, c.ID, c.Secret[:], c.Role, string(c.GlobalAccount), c.Tenant, c.CreatedAt)
}

func (t oauthClients) Delete(id string) error {
	return t.write(`DELETE FROM oauth_clients WHERE env = ? AND id = ?`, t.env, id)
}
