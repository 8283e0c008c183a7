package clientcheck

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// Client is the connector that is checked.
type Client struct {
	// Pair pairs with a token, to the end, and tells how it ended. It must end with
	// ctx.
	Pair func(ctx context.Context, s Setting) Ending
	// Renew lets a client that has paired renew its certificate, or do whatever it
	// does regularly, with what Pair left in the setting's folder; nil: it cannot.
	Renew func(ctx context.Context, s Setting) Ending
	// Revoke lets a client that has paired revoke its certificate; nil: it cannot.
	Revoke func(ctx context.Context, s Setting) Ending
	// TakesCA says that it trusts what the setting says and nothing else.
	TakesCA bool
	// Timeout is how long one run may take in real time; 0: 30 seconds.
	Timeout time.Duration
}

// Setting is what a client is given for one run.
type Setting struct {
	TokenURL, Token string // secrets
	// CAFile is the PEM of who signed the registry's certificate.
	CAFile string
	// Folder is empty at first, and is kept from run to run of one check.
	Folder string
	// HTTP, MTLS and Control are the landscape's listeners.
	HTTP, MTLS, Control string
	// System is the name of the system that pairs.
	System string
}

// Fill puts the setting's values in the place of {tokenUrl}, {token}, {ca}, {folder}
// and {system} in an argument of a command.
func (s Setting) Fill(argument string) string {
	return strings.NewReplacer(
		"{tokenUrl}", s.TokenURL, "{token}", s.Token, "{ca}", s.CAFile, "{folder}", s.Folder, "{system}", s.System,
	).Replace(argument)
}

// placeholders are what Fill fills in.
var placeholders = []string{"{tokenUrl}", "{token}", "{ca}", "{folder}", "{system}"}

// Misspelt finds a placeholder in an argument that Fill would leave as it is, as
// {tokenurl} or {token_url}, and says which is meant.
func Misspelt(argument string) (wrote, meant string, found bool) {
	plain := func(name string) string { return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name)) }
	for _, wrote := range inBraces.FindAllString(argument, -1) {
		for _, meant := range placeholders {
			if wrote != meant && plain(wrote) == plain(meant) {
				return wrote, meant, true
			}
		}
	}
	return "", "", false
}

var inBraces = regexp.MustCompile(`\{[A-Za-z_-]+\}`)

// Environment is the setting as environment variables, those of pairsim exec and
// PAIRSIM_FOLDER.
func (s Setting) Environment() []string {
	return []string{
		"PAIRSIM_URL=" + s.HTTP, "PAIRSIM_MTLS_URL=" + s.MTLS, "PAIRSIM_CONTROL_URL=" + s.Control, "PAIRSIM_CA=" + s.CAFile,
		"PAIRSIM_ENV=default", "PAIRSIM_TOKEN_URL=" + s.TokenURL, "PAIRSIM_FOLDER=" + s.Folder,
	}
}

// Ending is how a run of a client ended.
type Ending struct {
	// Status is 0 when it says that it succeeded.
	Status int
	// Output is the end of what it wrote. It may hold secrets.
	Output string
	// Err says that it could not be run at all.
	Err error
}
