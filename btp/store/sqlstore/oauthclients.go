package sqlstore

import "github.com/pairsim/pairsim/btp"

type oauthClients struct{ *tx }

const oauthClientColumns = `SELECT id, secret, role, global_account, tenant, created_at FROM oauth_clients WHERE env = ?`

func readOAuthClient(r Row) btp.OAuthClient {
	c := btp.OAuthClient{
		ID: r.Text(0), Role: r.Text(2), GlobalAccount: btp.GlobalAccountID(r.Text(3)), Tenant: r.Text(4), CreatedAt: r.Time(5),
	}
	copy(c.Secret[:], r.Bytes(1))
	return c
}

func (t oauthClients) Find(id string) (c btp.OAuthClient, ok bool, err error) {
	ok, err = t.one(oauthClientColumns+` AND id = ?`, func(r Row) error {
		c = readOAuthClient(r)
		return nil
	}, t.env, id)
	return c, ok, err
}

func (t oauthClients) List() (list []btp.OAuthClient, err error) {
	err = t.query(oauthClientColumns+` ORDER BY id`, func(r Row) error {
		list = append(list, readOAuthClient(r))
		return nil
	}, t.env)
	return list, err
}

var oauthClientTable = tableOf("oauth_clients", "env, id", "secret, role, global_account, tenant, created_at")

func (t oauthClients) Put(c btp.OAuthClient) error {
	return t.put(oauthClientTable, t.env, c.ID, c.Secret[:], c.Role, string(c.GlobalAccount), c.Tenant, c.CreatedAt)
}

func (t oauthClients) Delete(id string) error {
	return t.write(`DELETE FROM oauth_clients WHERE env = ? AND id = ?`, t.env, id)
}
