package seed

import "github.com/pairsim/pairsim/btp"

// oauthClients are the declared clients. A role in a global account that is not
// named holds in the first one.
func (f *File) oauthClients() []btp.DeclaredOAuthClient {
	var all []btp.DeclaredOAuthClient
	for _, k := range f.OAuthClients {
		account := k.GlobalAccount
		if role, err := btp.RoleNamed(k.Role); err == nil && !role.OfTenant {
			account = either(account, string(f.accounts()[0].ID))
		}
		all = append(all, btp.DeclaredOAuthClient{ID: k.ID, Secret: k.Secret, Role: k.Role, GlobalAccount: account, Tenant: k.Tenant})
	}
	return all
}

func (f *File) checkOAuthClients(c *checker) {
	ids := map[string]string{}
	for i, k := range f.OAuthClients {
		path := at("oauthClients", i)
		c.unique(ids, k.ID, path+".id")
		_, err := btp.RoleNamed(k.Role)
		c.refuseError(path+".role", err)
	}
}
