package naive

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Client is a kind of connector with one mistake.
type Client struct {
	// Rule is the one that catches it, "" for the honest connector.
	Rule string
	// Mistake says what it does.
	Mistake string
	// Waits says that time has to pass for its mistake to show.
	Waits bool
	spoil func(*habits)
}

// New makes a connector of this kind.
func (k Client) New(at Registry) *Connector {
	h := honest()
	if k.spoil != nil {
		k.spoil(&h)
	}
	return newConnector(at, h)
}

// Honest makes no mistake.
var Honest = Client{Mistake: "none"}

// Clients are all kinds with a mistake, in the order of the rules.
var Clients = []Client{
	{Rule: "S-01", Mistake: "takes the first text of the info answer for csrUrl", spoil: func(h *habits) {
		h.readInfo = readingInfo(func(i *info, body []byte) (err error) {
			i.CSRURL, err = firstText(body)
			return err
		})
	}},
	{Rule: "S-02", Mistake: "takes the first service of the list for the first that it registered", spoil: func(h *habits) {
		h.find = func(list []service, i int, _ string) string { return list[i].ID }
	}},
	{Rule: "S-03", Mistake: "decodes the info answer into a closed type", spoil: func(h *habits) {
		h.readInfo = func(body []byte) (i info, err error) {
			d := json.NewDecoder(bytes.NewReader(body))
			d.DisallowUnknownFields()
			err = d.Decode(&i)
			return i, err
		}
	}},
	{Rule: "S-04", Mistake: "finds csrUrl with a regular expression", spoil: func(h *habits) {
		pattern := regexp.MustCompile(`"csrUrl":"(https://[^"]*)"`)
		h.readInfo = readingInfo(func(i *info, body []byte) error {
			found := pattern.FindSubmatch(body)
			if found == nil {
				return errors.New("the answer has no csrUrl")
			}
			i.CSRURL = string(found[1])
			return nil
		})
	}},
	{Rule: "S-05", Mistake: "knows the path for certificate requests by heart", spoil: func(h *habits) {
		h.csrURL = func(c *Connector, i info) string {
			_, query, _ := strings.Cut(i.CSRURL, "?")
			return c.at.URL + "/v1/applications/certificates?" + query
		}
	}},
	{Rule: "S-06", Mistake: "keeps csrUrl of its first pairing, and changes the token in it", spoil: func(h *habits) {
		kept := ""
		h.csrURL = func(_ *Connector, i info) string {
			path, query, _ := strings.Cut(i.CSRURL, "?")
			if kept == "" {
				kept = path
			}
			return kept + "?" + query
		}
	}},
	{Rule: "S-07", Mistake: "goes on with the URLs of the info answer", spoil: func(h *habits) {
		h.urls = func(first, _ urls) urls { return first }
	}},
	{Rule: "S-08", Mistake: "sends its certificate request some minutes later", spoil: func(h *habits) {
		h.before = func(ctx context.Context, c *Connector) error { return c.at.Later(ctx) }
	}},
	{Rule: "S-09", Mistake: "gives up at a 503", spoil: func(h *habits) {
		h.again = func(*http.Response) (time.Duration, error) { return 0, errors.New("the registry is broken") }
	}},
	{Rule: "S-10", Mistake: "reads Retry-After as a number", spoil: func(h *habits) {
		h.again = func(res *http.Response) (time.Duration, error) {
			seconds, err := strconv.Atoi(res.Header.Get("Retry-After"))
			return time.Duration(seconds) * time.Second, err
		}
	}},
	{Rule: "S-11", Mistake: "comes again at once", Waits: true, spoil: func(h *habits) {
		h.again = func(*http.Response) (time.Duration, error) { return 0, nil }
	}},
	{Rule: "S-12", Mistake: "reads as many bytes of the info answer as Content-Length says", spoil: func(h *habits) {
		h.read = func(res *http.Response) ([]byte, error) {
			if !strings.HasSuffix(res.Request.URL.Path, "/signingRequests/info") {
				return honest().read(res)
			}
			b := make([]byte, max(0, res.ContentLength))
			_, err := io.ReadFull(res.Body, b)
			return b, err
		}
	}},
	{Rule: "S-13", Mistake: "sends every request over its first connection", spoil: func(h *habits) {
		h.transport = func(t *tls.Config) http.RoundTripper { return &raw{tls: t, keep: true} }
	}},
	{Rule: "S-14", Mistake: "reads the key set once", spoil: func(h *habits) {
		var kept map[string]bool
		h.keys = func(ctx context.Context, c *Connector) (_ map[string]bool, err error) {
			if kept == nil {
				kept, err = c.keySet(ctx)
			}
			return kept, err
		}
	}},
	{Rule: "S-15", Mistake: "expects two certificates in crt", spoil: func(h *habits) {
		h.chain = func(text []byte) ([][]byte, error) {
			chain, err := everyCertificate(text)
			if err == nil && len(chain) != 2 {
				err = fmt.Errorf("crt holds %d certificates, not a leaf and its CA", len(chain))
			}
			return chain, err
		}
	}},
	{Rule: "S-16", Mistake: "looks for Content-Type in this case", spoil: func(h *habits) {
		h.transport = func(t *tls.Config) http.RoundTripper { return &raw{tls: t, check: declaresJSON} }
	}},
	{Rule: "S-17", Mistake: "cuts certificates out of PEM by the exact lines", spoil: func(h *habits) { h.chain = cutCertificates }},
	{Rule: "S-18", Mistake: "needs certificate.extensions", spoil: func(h *habits) {
		h.readInfo = readingInfo(func(_ *info, body []byte) error {
			var i struct{ Certificate struct{ Extensions *string } }
			if err := json.Unmarshal(body, &i); err != nil {
				return err
			}
			if i.Certificate.Extensions == nil {
				return errors.New("certificate.extensions is missing")
			}
			return nil
		})
	}},
}

// readingInfo reads the info answer honestly, but for what spoil does with it.
func readingInfo(spoil func(*info, []byte) error) func([]byte) (info, error) {
	return func(body []byte) (info, error) {
		i, err := honest().readInfo(body)
		if err != nil {
			return i, err
		}
		return i, spoil(&i, body)
	}
}

// firstText is the value of the first member of an object, which must be a URL.
func firstText(body []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	var text string
	for range 3 { // the brace, the name, the value
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		text, _ = token.(string)
	}
	if u, err := url.Parse(text); err != nil || u.Query().Get("token") == "" {
		return "", fmt.Errorf("the first member is no URL with a token: %.20q", text)
	}
	return text, nil
}

// declaresJSON wants the header as most servers write it.
func declaresJSON(head []string) error {
	for _, line := range head {
		if strings.HasPrefix(line, "Content-Type: application/json") {
			return nil
		}
	}
	return errors.New("the answer is no JSON")
}

func cutCertificates(text []byte) ([][]byte, error) {
	var chain [][]byte
	for part := range strings.SplitSeq(strings.TrimSuffix(string(text), "-----END CERTIFICATE-----\n"), "-----END CERTIFICATE-----\n") {
		body, ok := strings.CutPrefix(part, "-----BEGIN CERTIFICATE-----\n")
		if !ok {
			return nil, errors.New("crt does not begin with a certificate")
		}
		der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", ""))
		if err != nil {
			return nil, err
		}
		chain = append(chain, der)
	}
	return chain, nil
}
