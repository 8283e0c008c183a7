package memory

import "github.com/pairsim/pairsim/btp"

type oauthClients struct{ *tx }

func (t oauthClients) Find(id string) (btp.OAuthClient, bool, error) { return value(t.present(id)) }

func (t oauthClients) present(id string) *btp.OAuthClient {
	c, _ := t.clients.Get(id)
	return c
}

func (t oauthClients) List() ([]btp.OAuthClient, error) {
	list := make([]btp.OAuthClient, 0, t.clients.Len())
	t.clients.Scan(func(_ string, c *btp.OAuthClient) bool {
		list = append(list, *c)
		return true
	})
	return list, nil
}

func (t oauthClients) Put(c btp.OAuthClient) error {
	return swap(t.tx, (*state).replaceOAuthClient, t.present(c.ID), &c)
}

func (t oauthClients) Delete(id string) error {
	return swap(t.tx, (*state).replaceOAuthClient, t.present(id), nil)
}

func (s *state) replaceOAuthClient(old, now *btp.OAuthClient) {
	if now == nil {
		s.clients.Delete(old.ID)
		return
	}
	s.clients.Set(now.ID, now)
}
