package main

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/btpclient"
)

func newTokenCommand() *cobra.Command {
	return newGroup("token", "Look into integration tokens", newInspectCommand())
}

func newInspectCommand() *cobra.Command {
	var offline bool
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "inspect TOKEN|-",
		Short: "Show a token's claims, its validity, and why it would be refused",
		Long: `Show a token's claims, its validity, and why it would be refused. Nothing is redeemed. The token may be in any form;
- reads it from stdin. With --offline nobody is asked: the claims are shown as they stand there, nothing is verified.
Exit code 0 says that the token was looked at, not that it is good.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			raw, err := readArgument(c, args[0])
			if err != nil {
				return err
			}
			if offline {
				return peek(c, raw, format)
			}
			k, err := connect(c)
			if err != nil {
				return err
			}
			in, err := k.operator.InspectToken(c.Context(), raw)
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), format, in, nil, inspectionRows(in))
		},
	})
	c.Flags().BoolVar(&offline, "offline", false, "show the claims without asking the registry; nothing is verified")
	outputFlag(c, &format)
	return c
}

func inspectionRows(in btpclient.TokenInspection) [][]string {
	verdict := "it would be accepted"
	if in.Refusal != nil {
		verdict = "it would be refused: " + in.Refusal.Title
	}
	rows := [][]string{{"verdict", verdict}}
	if r := in.Refusal; r != nil {
		rows = append(rows, []string{"because", r.Detail}, []string{"next", r.Next}, []string{"source", r.Source})
	}
	if in.State != "" {
		rows = append(rows, []string{"state", in.State})
	}
	if s := in.System; s != nil {
		rows = append(rows, []string{"system", s.Name + " (" + s.ID + ")"})
	}
	if k := in.Claims; k != nil {
		rows = append(rows, claimRows(*k)...)
		rows = append(rows, []string{"remaining", remaining(in.RemainingSeconds)}, []string{"now", clockTime(in.Now)})
	}
	return rows
}

func claimRows(k btpclient.TokenClaims) [][]string {
	return [][]string{
		{"type", k.SystemType},
		{"account", k.GlobalAccount},
		{"edition", k.Edition},
		{"issued", clockTime(time.Unix(k.Iat, 0))},
		{"expires", clockTime(time.Unix(k.Exp, 0))},
		{"issuer", k.Iss},
		{"audience", k.Aud},
		{"subject", k.Sub},
		{"token id", k.Jti},
		{"token URL", k.TokenURL},
	}
}

// peek shows what a token claims, without verifying anything.
func peek(c *cobra.Command, raw, format string) error {
	jws, err := token.ParseForm(raw)
	if err != nil {
		return err
	}
	claims, header, err := token.Peek(jws)
	if err != nil {
		return err
	}
	shown := btpclient.TokenClaims{
		Iss: claims.Issuer, Aud: claims.Audience, Sub: claims.Subject, Jti: claims.ID, Iat: claims.IssuedAt.Unix(), Exp: claims.ExpiresAt.Unix(),
		GlobalAccount: claims.GlobalAccount, SystemType: claims.SystemType, TokenURL: claims.TokenURL, Edition: claims.Edition,
	}
	rows := append([][]string{{"verified", "nothing (--offline)"}, {"algorithm", header.Algorithm}, {"key", header.KeyID}}, claimRows(shown)...)
	text, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	return show(c.OutOrStdout(), format, struct {
		Verified  bool            `json:"verified"`
		Algorithm string          `json:"algorithm"`
		KeyID     string          `json:"keyId"`
		Claims    json.RawMessage `json:"claims"`
	}{false, header.Algorithm, header.KeyID, text}, nil, rows)
}
