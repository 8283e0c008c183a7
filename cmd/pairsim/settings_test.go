package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestSettingsPrecedence(t *testing.T) {
	config := filepath.Join(t.TempDir(), "pairsim.yaml")
	text := "http: 1.1.1.1:1\nmtls: 1.1.1.1:2\ncontrol: 1.1.1.1:3\nroles: [btp]\ntls-name: a.test\nrejected-csrs: 7\nburn-on-rejected-csr: true\n" +
		"attempt-deadline: 3m\ntoken-validity: {SAP Marketing Cloud: 48h, SAP Commerce Cloud: 5m}\nca: file.pem\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newServeCommand()
	c.Flags().String("config", "", "")
	if err := c.ParseFlags([]string{"--config", config, "--http", "3.3.3.3:1", "--tls-name", "c.test,d.test"}); err != nil {
		t.Fatal(err)
	}
	environ := func() []string {
		return []string{"PAIRSIM_HTTP=2.2.2.2:1", "PAIRSIM_MTLS=2.2.2.2:2", "PAIRSIM_CONTROL=", "PAIRSIM_SERVICE_PORT=80", "PAIRSIM_ALLOW_HOST=x,y", "OTHER=1"}
	}
	if err := loadSettings(c.Flags(), environ); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"http": "3.3.3.3:1", "mtls": "2.2.2.2:2", "control": "1.1.1.1:3", // flag, variable, file: an empty variable is none
		"tls-name": "[c.test,d.test]", "allow-host": "[x,y]", "roles": "[btp]", "rejected-csrs": "7", "burn-on-rejected-csr": "true",
		"attempt-deadline": "3m0s", "ca": "file.pem", "data": "memory",
	} {
		if got := c.Flag(flag).Value.String(); got != want {
			t.Errorf("--%s: got %s, want %s", flag, got, want)
		}
	}
	want := map[string]string{"SAP Marketing Cloud": "48h", "SAP Commerce Cloud": "5m"}
	if got, err := c.Flags().GetStringToString("token-validity"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("--token-validity: got %v (%v), want %v", got, err, want)
	}
}

// TestConfigurationTable holds docs/configuration.md against the flags.
func TestConfigurationTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## serve\n")
	ofServe, ofClients, _ := strings.Cut(rest, "\n## Client commands\n")
	for _, table := range []struct {
		name, text string
		command    *cobra.Command
	}{{"serve", ofServe, newServeCommand()}, {"client commands", ofClients, newClientCommand(&cobra.Command{})}} {
		t.Run(table.name, func(t *testing.T) {
			rows := map[string][]string{}
			for line := range strings.Lines(table.text) {
				if cells := strings.Split(line, "|"); len(cells) == 7 && strings.HasPrefix(cells[1], " `--") {
					for i, cell := range cells {
						cells[i] = strings.Trim(cell, " `")
					}
					rows[cells[1]] = cells[2:]
				}
			}
			table.command.Flags().VisitAll(func(f *pflag.Flag) {
				key := settingKey(f)
				row, ok := rows["--"+f.Name]
				delete(rows, "--"+f.Name)
				byDefault := strings.Trim(f.DefValue, "[]")
				if !ok || row[0] != variable(key) || row[1] != key || row[2] != byDefault || row[3] == "" {
					t.Errorf("--%s: got row %q, want %s, %s, %q and a meaning", f.Name, row, variable(key), key, byDefault)
				}
			})
			for flag := range rows {
				t.Errorf("the table has %s, which is no flag", flag)
			}
		})
	}
}

// TestClientCommandsHaveTheirFlags: whatever talks to a server takes the same
// settings; listings take -o.
func TestClientCommandsHaveTheirFlags(t *testing.T) {
	offline := map[string]bool{"serve": true, "demo": true, "exec": true, "rules": true, "validate": true, "schema": true, "points": true, "documents": true, "version": true}
	// verify names its own target, which must not be a setting's by accident.
	offline["features"], offline["client"] = true, true
	each(newRootCommand(constructors(nil)...), func(c *cobra.Command) {
		if c.HasSubCommands() || offline[c.Name()] {
			return
		}
		for _, name := range []string{"server", "control", "ca", "env", "token"} {
			if f := c.Flag(name); f == nil || settingKey(f) == "" {
				t.Errorf("%s: got no setting --%s", c.CommandPath(), name)
			}
		}
		if c.Name() == "list" && c.Flag("output") == nil {
			t.Errorf("%s: got no -o", c.CommandPath())
		}
	})
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"Web Shop":       "Web Shop",
		"Žluťoučký 日本":   "Žluťoučký 日本",
		"\x1b[31mred":    `\x1b[31mred`,
		"a\nb\tc\r":      `a\nb\tc\r`,
		"right\u202eto":  `right\u202eto`,
		"no\u200bwidth":  `no\u200bwidth`,
		"bad\xffbyte":    `bad�byte`,
		"hard\u00a0wide": `hard\u00a0wide`,
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
