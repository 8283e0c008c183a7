package clientcheck

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"html/template"
	"os"
	"time"
)

//go:embed report.html
var page string

var pageOf = template.Must(template.New("report").Funcs(template.FuncMap{
	// A picture in an img runs nothing, whatever the client put into it.
	"picture": func(svg string) template.URL {
		return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg))) //nolint:gosec // see above
	},
	"short": func(d time.Duration) string { return d.Round(time.Millisecond).String() },
}).Parse(page))

// writeHTML writes one page that needs nothing beside it.
func (r Report) writeHTML(path string) error {
	var text bytes.Buffer
	err := pageOf.Execute(&text, map[string]any{
		"Report": r, "Passed": r.Count(Passed), "Failed": r.Count(Failed), "NotApplicable": r.Count(NotApplicable),
	})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o644) //nolint:gosec // a report is for all
}
