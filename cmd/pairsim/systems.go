package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newSystemsCommand() *cobra.Command {
	return newGroup("systems", "Register systems, list them, get their tokens, pair them, deregister, remove and merge them",
		newRegisterCommand(), newListSystemsCommand(), newShowSystemCommand(), newSystemTokenCommand(), newPairSystemCommand(),
		newDeregisterCommand(), newRemoveCommand(), newMergeCommand(), newDiscoverCommand())
}

func accountFlag(c *cobra.Command) {
	c.Flags().String("account", "default", "global `ACCOUNT`: id or subdomain")
}

func account(c *cobra.Command) string { return c.Flag("account").Value.String() }

func completeTypes(c *cobra.Command) {
	var names []string
	for _, t := range btp.SystemTypes {
		names = append(names, t.Name)
	}
	_ = c.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that is not there only
}

// completeStatuses completes the labels of both editions: which one is served is
// not asked.
func completeStatuses(c *cobra.Command) {
	var labels []string
	for _, e := range btp.Editions {
		for _, status := range btp.Statuses {
			label, known := e.Labels[status]
			if label == "" {
				label = string(status)
			}
			if known && !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
	}
	_ = c.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(labels, cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that is not there only
}

func newRegisterCommand() *cobra.Command {
	var systemType, format string
	c := newClientCommand(&cobra.Command{
		Use:   "register NAME --type TYPE",
		Short: "Register a system; in edition v1 it comes with its integration token",
		Long:  "Register a system. In edition v1 it comes with its integration token; -o url, token or encoded show that alone, in v2 too.",
		Example: `  pairsim systems register "Web Shop" --type "SAP Commerce Cloud"
  url=$(pairsim systems register "Web Shop" --type "SAP Commerce Cloud" -o url)`,
		Args: cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			s, err := createOnce(c, func(ctx context.Context, options ...btpclient.CallOption) (btpclient.System, error) {
				return k.operator.Register(ctx, account(c), args[0], systemType, options...)
			})
			if err != nil {
				return err
			}
			if slices.Contains(bareForms, format) {
				return k.printRegistered(c, s, format)
			}
			if format != "table" {
				return show(c.OutOrStdout(), format, s, nil, nil)
			}
			return printSystem(c.OutOrStdout(), s)
		}),
	})
	c.Flags().StringVar(&systemType, "type", "", "system `TYPE`, as SAP Commerce Cloud")
	_ = c.MarkFlagRequired("type") // fails for a flag that is not there only
	completeTypes(c)
	accountFlag(c)
	idempotencyFlag(c)
	outputFlag(c, &format, bareForms...)
	return c
}

// bareForms are what a token is shown as by itself.
var bareForms = []string{"url", "token", "encoded"}

// printToken shows a token by itself.
func printToken(c *cobra.Command, t btpclient.IntegrationToken, form string) error {
	_, err := fmt.Fprintln(c.OutOrStdout(), printable(map[string]string{"url": t.TokenURL, "token": t.Token, "encoded": t.Encoded}[form]))
	return err
}

// printRegistered shows the token that a system is registered with. Where registering
// makes none it asks for one.
func (k *client) printRegistered(c *cobra.Command, s btpclient.System, form string) error {
	if s.IntegrationToken != nil {
		return printToken(c, *s.IntegrationToken, form)
	}
	t, _, err := k.displayToken(c, s)
	if err != nil {
		return err
	}
	return printToken(c, t, form)
}

func newListSystemsCommand() *cobra.Command {
	var filter btpclient.SystemFilter
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List systems in the order of their registration",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			filter.PageSize = 200
			systems := []btpclient.System{}
			var rows [][]string
			for s, err := range k.operator.Systems(c.Context(), account(c), filter) {
				if err != nil {
					return err
				}
				systems = append(systems, s)
				rows = append(rows, []string{s.Name, s.Type, s.Status.Label, s.ApplicationName, s.ID})
			}
			return show(c.OutOrStdout(), format, systems, []string{"NAME", "TYPE", "STATUS", "APPLICATION", "ID"}, rows)
		}),
	})
	c.Flags().StringVar(&filter.Status, "status", "", "only in this `STATUS`: its label, or its code")
	c.Flags().StringVar(&filter.Type, "type", "", "only of this `TYPE`")
	c.Flags().StringVar(&filter.Name, "name", "", "only with this exact `NAME`")
	completeTypes(c)
	completeStatuses(c)
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

// system finds a system by name, else by id.
func (k *client) system(ctx context.Context, account, nameOrID string) (btpclient.System, error) {
	s, byName := k.operator.SystemNamed(ctx, account, nameOrID)
	if code := btpclient.CodeOf(byName); nameOrID == "" || code != string(btp.SystemNotFound) && code != string(btp.GlobalAccountNotFound) {
		return s, byName
	}
	s, err := k.operator.System(ctx, nameOrID)
	if btpclient.CodeOf(err) == string(btp.SystemNotFound) {
		return s, byName
	}
	return s, err
}

// systemOf is the id of the system that a flag names, "" where it names none.
func (k *client) systemOf(c *cobra.Command, nameOrID string) (string, error) {
	if nameOrID == "" {
		return "", nil
	}
	s, err := k.system(c.Context(), account(c), nameOrID)
	return s.ID, err
}

func newShowSystemCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "show NAME|ID",
		Short: "Show a system with its token's state, services, certificates, and what holds it",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			s, err := k.system(c.Context(), account(c), args[0])
			if err != nil {
				return err
			}
			if format != "table" {
				return show(c.OutOrStdout(), format, s, nil, nil)
			}
			return printSystem(c.OutOrStdout(), s)
		}),
	})
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

// printSystem writes a system for people; empty lines are left out.
func printSystem(w io.Writer, s btpclient.System) error {
	label := s.Status.Label
	if label == "" {
		label = "(empty)"
	}
	rows := [][]string{
		{"name", s.Name},
		{"id", s.ID},
		{"type", s.Type},
		{"account", s.GlobalAccount},
		{"discovery", s.Discovery.Label},
		{"url", s.Discovery.URL},
		{"system ID", s.Discovery.SystemID},
		{"business type", s.Discovery.BusinessType},
		{"correlation IDs", strings.Join(s.Discovery.CorrelationIDs, ", ")},
		{"status", label},
		{"application", s.ApplicationName},
		{"registered", clockTime(s.RegisteredAt)},
	}
	if t := s.IntegrationToken; t != nil {
		rows = append(rows, tokenRows(*t)...)
	} else if t := s.Token; t != nil {
		rows = append(rows, []string{"token", t.State + ", valid until " + clockTime(t.ExpiresAt)})
	}
	if t := s.Tenant; t != nil {
		rows = append(rows, []string{"tenant", t.TenantID + " " + t.URL})
	}
	if e := s.Error; e != nil {
		rows = append(rows, []string{"error", e.Cause}, []string{"at", e.Step + ", " + clockTime(e.At)}, []string{"report to", e.Component},
			[]string{"incident", e.Incident})
	}
	for _, one := range s.Services {
		var kinds []string
		if one.API {
			kinds = append(kinds, "API")
		}
		if one.Events {
			kinds = append(kinds, "events")
		}
		rows = append(rows, []string{"service", one.Name + " (" + strings.Join(kinds, ", ") + ")"})
	}
	for _, one := range s.Certificates {
		rows = append(rows, []string{"certificate", one.Serial + ", " + one.State + ", valid until " + clockTime(one.NotAfter)})
	}
	for _, one := range s.Formations {
		rows = append(rows, []string{"formation", one.Name + " (" + one.ID + ")"})
	}
	for _, one := range s.Entitlements {
		rows = append(rows, []string{"entitlement", one.Plan + " in subaccount " + one.Subaccount + " (" + one.ID + ")"})
	}
	rows = slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })
	if s.Error != nil {
		rows = append(rows, nextRows(nextFor(s))...)
	}
	return writeTable(w, nil, rows)
}

// tokenRows has the URL form first: it is what most products ask for.
func tokenRows(t btpclient.IntegrationToken) [][]string {
	return [][]string{
		{"token URL", t.TokenURL},
		{"token", t.Token},
		{"encoded", t.Encoded},
		{"valid", "for " + remaining(t.RemainingSeconds) + ", until " + clockTime(t.ExpiresAt)},
	}
}

// displayToken does what the cockpit does for Display token and Get Token: types
// that show the present token show it while it is good, others get a new one
// (sap-domain §5). before says what became of the token that a new one replaces.
func (k *client) displayToken(c *cobra.Command, s btpclient.System) (t btpclient.IntegrationToken, before string, err error) {
	t, err = k.operator.ShowToken(c.Context(), s.ID)
	switch btp.Code(btpclient.CodeOf(err)) { //nolint:exhaustive // any other refusal is the answer
	case btp.TokenShownOnce, btp.TokenNotIssued, btp.TokenExpired, btp.TokenUsed, btp.TokenVoid:
		t, err = k.operator.IssueToken(c.Context(), s.ID)
		if s.Token != nil {
			before = tokenBefore(*s.Token)
		}
	}
	return t, before, statusFailure(err, s)
}

// tokenBefore says what became of a token when a new one was made.
func tokenBefore(t btpclient.TokenState) string {
	switch t.State {
	case "expired":
		return "the token before this one expired at " + clockTime(t.ExpiresAt) + "; this is a new one"
	case "used":
		return "the token before this one was used, and its pairing did not complete; this is a new one"
	case "live":
		return "the token before this one is void now; this is a new one"
	}
	return "the token before this one was void; this is a new one"
}

func newSystemTokenCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "token NAME|ID",
		Short: "Get a system's token, as the cockpit's Display token or Get Token does",
		Long: `Get a system's token, as the cockpit's Display token (v1) or Get Token (v2) does: types with a token of 10 minutes get
a new one, which voids the one before; types with a token of 7 days see the present one while it is good, else a new one.
A note on stderr says what became of the token before.`,
		Example: `  url=$(pairsim systems token "Web Shop" -o url)`,
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			s, err := k.system(c.Context(), account(c), args[0])
			if err != nil {
				return err
			}
			t, before, err := k.displayToken(c, s)
			if err != nil {
				return err
			}
			if before != "" {
				note(c, before)
			}
			if slices.Contains(bareForms, format) {
				return printToken(c, t, format)
			}
			return show(c.OutOrStdout(), format, t, nil, tokenRows(t))
		}),
	})
	accountFlag(c)
	outputFlag(c, &format, bareForms...)
	return c
}

func newPairSystemCommand() *cobra.Command {
	var dir string
	c := newClientCommand(&cobra.Command{
		Use:   "pair NAME|ID --out DIR",
		Short: "Play the system's side: pair it and keep its key and certificate",
		Long: `Play the system's side, as a client that describes no tenant: get a token, present it, make a key, have it certified,
make a first call, which completes the pairing. DIR then holds key.pem, cert.pem, chain.pem (certificate and its CA),
ca.pem (CA of the TLS listener) and urls.json.`,
		Example: `  pairsim systems pair "Web Shop" --out shop
  curl --cert shop/cert.pem --key shop/key.pem --cacert shop/ca.pem https://127.0.0.1:8443/v1/applications/management/info`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if dir == "" {
				return usagef("--out: a folder is needed")
			}
			k, err := connect(c)
			if err != nil {
				return err
			}
			s, err := k.system(c.Context(), account(c), args[0])
			if err != nil {
				return err
			}
			return k.pair(c, s, dir)
		},
	})
	c.Flags().StringVar(&dir, "out", "", "`DIR` for key and certificate; made when missing, readable for its owner only")
	_ = c.MarkFlagRequired("out") // fails for a flag that is not there only
	_ = c.MarkFlagDirname("out")
	accountFlag(c)
	return c
}

func (k *client) pair(c *cobra.Command, s btpclient.System, dir string) error {
	ctx := c.Context()
	if err := prepare(dir); err != nil {
		return err
	}
	connector, ca, err := k.connector(ctx)
	if err != nil {
		return err
	}
	defer connector.Close()
	token, _, err := k.displayToken(c, s)
	if err != nil {
		return err
	}
	paired, err := pairAsClient(ctx, connector, token.Token)
	if err != nil {
		return err
	}
	if err := paired.save(dir, ca); err != nil {
		return err
	}
	if s, err = k.operator.System(ctx, s.ID); err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(paired.cert.Chain[0])
	if err != nil {
		return fmt.Errorf("the registry's certificate: %w", err)
	}
	return writeTable(c.OutOrStdout(), nil, [][]string{
		{"name", s.Name},
		{"status", s.Status.Label},
		{"application", paired.info.ClientIdentity.Application},
		{"certificate", leaf.SerialNumber.Text(16) + ", valid until " + clockTime(leaf.NotAfter)},
		{"info", k.infoURL(paired)},
		{"in", dir},
	})
}

// infoURL is where the paired client called.
func (k *client) infoURL(c credentials) string {
	base, _, found := strings.Cut(c.info.URLs.RenewCertURL, "/v1/applications/")
	if !found {
		return ""
	}
	return base + "/v1/applications/management/info"
}

// connector reaches the registry as its clients do, and the CA of its TLS
// listener. A server reached over plain http is asked for its CA there too: the
// token comes the same way.
func (k *client) connector(ctx context.Context) (*btpclient.Connector, []byte, error) {
	var ca []byte
	var err error
	if k.options.ca != "" {
		ca, err = os.ReadFile(filepath.Clean(k.options.ca)) // connect has read it, within bounds
	} else if strings.HasPrefix(k.options.server, "http://") {
		ca, err = k.get(ctx, "/ca.pem")
	}
	if err != nil {
		return nil, nil, err
	}
	var roots *x509.CertPool
	if ca != nil {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(ca) {
			return nil, nil, &failure{
				"No TLS listener", k.options.server + "/ca.pem holds no certificate (" + strconv.Itoa(len(ca)) + " bytes)",
				"Serve with --mtls: a client certificate is of use there only.",
			}
		}
	}
	connector, err := btpclient.New(btpclient.Config{RegistryURL: k.options.server, RootCAs: roots, Transport: k.http.Transport})
	return connector, ca, err
}
