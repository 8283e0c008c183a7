package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newAuthCommand() *cobra.Command {
	clients := newGroup("client", "Manage the clients of the token service",
		newCreateAuthClientCommand(), newListAuthClientsCommand(), newDeleteAuthClientCommand())
	return newGroup("auth", "Get access tokens for a pairsim that runs with --auth", clients, newAccessTokenCommand())
}

// roleFlags say for whom a client of the token service stands.
type roleFlags struct{ role, account, tenant string }

func (r *roleFlags) add(c *cobra.Command) {
	names := make([]string, len(btp.Roles))
	for i, role := range btp.Roles {
		names[i] = role.Name
	}
	c.Flags().StringVar(&r.role, "role", "", "`ROLE` by name (System Landscape Viewer) or id (systemLandscapeViewer)")
	c.Flags().StringVar(&r.account, "account", "", "global `ACCOUNT` in which the role holds; unless given: default")
	c.Flags().StringVar(&r.tenant, "tenant", "", "`TENANT` of a tenant's administrator")
	_ = c.MarkFlagRequired("role") // fails for a flag that is not there only
	_ = c.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

// client is the client to create.
func (r *roleFlags) client(id string) (btpclient.OAuthClient, error) {
	role, err := btp.RoleNamed(r.role)
	switch {
	case err != nil:
		return btpclient.OAuthClient{}, usagef("--role: %s", failureOf(err).detail)
	case role.OfTenant && r.tenant == "":
		return btpclient.OAuthClient{}, usagef("--role %s needs --tenant", role.ID)
	case role.OfTenant && r.account != "":
		return btpclient.OAuthClient{}, usagef("--account is for roles in a global account; %s holds in a tenant", role.Name)
	case role.OfTenant:
		return btpclient.OAuthClient{ID: id, Role: role.Name, Tenant: r.tenant}, nil
	case r.tenant != "":
		return btpclient.OAuthClient{}, usagef("--tenant is for the role tenantAdministrator; %s holds in a global account", role.Name)
	}
	return btpclient.OAuthClient{ID: id, Role: role.Name, GlobalAccount: cmp.Or(r.account, "default")}, nil
}

func newCreateAuthClientCommand() *cobra.Command {
	var of roleFlags
	var id, format string
	c := newClientCommand(&cobra.Command{
		Use:   "create",
		Short: "Create a client of the token service; its secret is shown this once",
		Example: `  pairsim auth client create --role "System Landscape Administrator"
  pairsim auth client create --role tenantAdministrator --tenant commerce --id shop`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			want, err := of.client(id)
			if err != nil {
				return err
			}
			k, err := connect(c)
			if err != nil {
				return err
			}
			made, err := k.control.CreateOAuthClient(c.Context(), want)
			if err != nil {
				return err
			}
			rows := [][]string{{"client id", made.ID}, {"client secret", made.Secret}, {"role", made.Role}, {"holds in", holdsIn(made)}}
			return show(c.OutOrStdout(), format, made, nil, rows)
		},
	})
	of.add(c)
	c.Flags().StringVar(&id, "id", "", "`CLIENT_ID`; unless given: drawn")
	outputFlag(c, &format)
	return c
}

func holdsIn(c btpclient.OAuthClient) string {
	if c.Tenant != "" {
		return "tenant " + c.Tenant
	}
	return "global account " + c.GlobalAccount
}

func newListAuthClientsCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the clients of the token service",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			all, err := k.control.OAuthClients(c.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(all))
			for i, one := range all {
				rows[i] = []string{one.ID, one.Role, holdsIn(one), clockTime(one.CreatedAt)}
			}
			return show(c.OutOrStdout(), format, all, []string{"CLIENT ID", "ROLE", "HOLDS IN", "CREATED"}, rows)
		}),
	})
	outputFlag(c, &format)
	return c
}

func newDeleteAuthClientCommand() *cobra.Command {
	return newClientCommand(&cobra.Command{
		Use:   "delete CLIENT_ID",
		Short: "Delete a client; access tokens that it has are good until they expire",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			return k.control.DeleteOAuthClient(c.Context(), args[0])
		}),
	})
}

func newAccessTokenCommand() *cobra.Command {
	var of roleFlags
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "token",
		Short: "Print an access token for a role",
		Long: `Print an access token for a role. A client of the token service is created through the control listener, asks for the
token, and is deleted again: the token is good until it expires, after 12 hours of the environment's clock.`,
		Example: `  export PAIRSIM_TOKEN=$(pairsim auth token --role globalAccountAdministrator)
  PAIRSIM_TOKEN=$(pairsim auth token --role tenantAdministrator --tenant commerce) pairsim tenants show commerce`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			want, err := of.client("")
			if err != nil {
				return err
			}
			k, err := connect(c)
			if err != nil {
				return err
			}
			token, err := k.accessToken(c.Context(), want)
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, token, nil, [][]string{{token.AccessToken}})
		},
	})
	of.add(c)
	outputFlag(c, &format)
	return c
}

// clientWithin is how long making or deleting a client may take.
const clientWithin = time.Minute

// accessToken gets a token for a role by a client made for it alone. An interrupt that
// comes before the server has answered waits for that: the client would stay.
func (k *client) accessToken(ctx context.Context, want btpclient.OAuthClient) (token btpclient.AccessToken, err error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), clientWithin)
	defer cancel()
	made, err := k.control.CreateOAuthClient(bounded, want)
	if err != nil {
		return token, err
	}
	token, err = k.operator.AccessToken(ctx, made.ID, made.Secret)
	return token, errors.Join(err, k.control.DeleteOAuthClient(bounded, made.ID))
}
