package redact_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/internal/redact"
)

const (
	// jws has the key k1 and ends at 2030-01-01T10:10:00Z.
	jws     = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJleHAiOjE4OTM0OTI2MDAsImp0aSI6Ijc3In0.c2lnbmF0dXJlIG9mIGEgdG9rZW4K"
	told    = "eyJ… (JWT, kid=k1, exp=2030-01-01T10:10:00Z)"
	random  = "dG9rZW4gb2YgNjQgcmFuZG9tIGJ5dGVz0a1B2c3D4e5F6g7H8i9J0"
	chosen  = "hunter2"
	jsonIs  = "application/json"
	formIs  = "application/x-www-form-urlencoded"
	problem = "application/problem+json; charset=utf-8"
)

func TestBodiesAreShownWithoutTheirSecrets(t *testing.T) {
	for _, c := range []struct{ name, media, body, want string }{
		{"an empty object", jsonIs, `{}`, `{}`},
		{"what is no secret", problem, `{"type":"urn:pairsim:problem:token-used","status":410,"list":[1,{"a":null,"b":true}],"empty":[]}`, `{
  "type": "urn:pairsim:problem:token-used",
  "status": 410,
  "list": [
    1,
    {
      "a": null,
      "b": true
    }
  ],
  "empty": []
}`},
		{"a token and where it is presented", jsonIs, `{"token":"` + jws + `","tokenUrl":"https://r.test/v1/info?token=` + jws + `&x=1","encoded":"` + random + `","expiresAt":"2030-01-01T10:10:00Z"}`, `{
  "token": "` + told + `",
  "tokenUrl": "https://r.test/v1/info?token=` + told + `&x=1",
  "encoded": "***",
  "expiresAt": "2030-01-01T10:10:00Z"
}`},
		{"a follow-up token that is short", jsonIs, `{"csrUrl":"https://r.test/v1/certificates?token=` + chosen + `"}`, `{
  "csrUrl": "https://r.test/v1/certificates?token=***"
}`},
		{"a password that somebody chose", jsonIs, `{"user":"anna","password":"` + chosen + `","pin":1234}`, `{
  "user": "anna",
  "password": "***",
  "pin": "***"
}`},
		{"credentials, whatever they are called", jsonIs, `{"credentials":{"basic":{"username":"anna","password":"` + chosen + `","more":"` + chosen + `","url":"http://x.test/"},"list":["` + chosen + `"],"name":{"x":"` + chosen + `"}}}`, `{
  "credentials": {
    "basic": {
      "username": "anna",
      "password": "***",
      "more": "***",
      "url": "http://x.test/"
    },
    "list": [
      "***"
    ],
    "name": {
      "x": "***"
    }
  }
}`},
		{"a marked secret", jsonIs, `{"key":{"secret":"` + chosen + `"}}`, "{\n  \"key\": {\n    \"secret\": \"***\"\n  }\n}"},
		{"keys", jsonIs, `{"kid":"` + random + `","keys":[{"kid":"k1","kty":"EC"}]}`, "{\n  \"kid\": \"dG9rZW4g…\",\n  \"keys\": [\n    {\n      \"kid\": \"k1\",\n      \"kty\": \"EC\"\n    }\n  ]\n}"},
		{"a key that is a secret", jsonIs, `{"` + random + `":1}`, "{\n  \"***\": 1\n}"},
		{"a secret in a free text", jsonIs, `{"cause":"the token ` + random + ` of http://anna:` + chosen + `@x.test/?client_secret=` + chosen + ` is no good"}`, `{
  "cause": "the token *** of http://***@x.test/?client_secret=*** is no good"
}`},
		{"JSON that a client calls a form", formIs, `{"token":"` + chosen + `"}`, "{\n  \"token\": \"***\"\n}"},
		{"JSON that breaks off", jsonIs, `{"name":"x","token":"` + random[:20], "{\n  \"name\": \"x\",\n  \"token\": …"},
		{"JSON that is garbled", jsonIs, `{"name":"x"},`, "{\n  \"name\": \"x\"\n}…"},
		{"markup in a text", jsonIs, `{"name":"<img src=x onerror=alert(1)>"}`, "{\n  \"name\": \"<img src=x onerror=alert(1)>\"\n}"},
		{"a form", formIs, "grant_type=password&username=anna&password=" + chosen + "&client_id=x&assertion=" + random + "&scope=a%20b", "grant_type=password\nusername=anna\npassword=***\nclient_id=x\nassertion=***\nscope=a b"},
		{"a form that is no form", formIs, random, "***"},
		{"XML", "application/xml", `<?xml version="1.0"?><d:a xmlns:d="urn:x" token="` + chosen + `"><b>1 &lt; 2</b><Password>` + chosen + `</Password><!-- ` + chosen + ` --></d:a>`, `<d:a xmlns:d="urn:x" token="***">
  <b>1 &lt; 2</b>
  <Password>***</Password></d:a>`},
		{"a signature in XML", "text/xml", `<Assertion><Signature><SignatureValue>abc</SignatureValue></Signature></Assertion>`, `<Assertion>
  <Signature>
    <SignatureValue>***</SignatureValue></Signature></Assertion>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := redact.Body(c.media, "", []byte(c.body), true)
			if diff := cmp.Diff(c.want, got.Text); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if strings.HasSuffix(got.Text, "…") != got.Cut {
				t.Errorf("cut is %t", got.Cut)
			}
		})
	}
}

func TestWhatCannotBeReadIsNotShown(t *testing.T) {
	for name, c := range map[string]struct{ media, encoding, body string }{
		"text":       {"text/plain", "", chosen},
		"YAML":       {"application/yaml", "", "password: " + chosen},
		"HTML":       {"text/html", "", "<p>" + chosen},
		"compressed": {jsonIs, "gzip", `{"a":1}`},
		"parts":      {"multipart/mixed; boundary=x", "", "--x\r\n\r\n" + chosen},
		"a stream":   {"text/event-stream", "", "data: {}"},
		"not JSON":   {jsonIs, "", chosen},
	} {
		if got := redact.Body(c.media, c.encoding, []byte(c.body), true); strings.Contains(got.Text, chosen) || got.Hidden == "" && got.Text != "…" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if got := redact.Body(jsonIs, "", nil, true); got != (redact.Shown{}) {
		t.Errorf("nothing is shown as %+v", got)
	}
	if got := redact.Body(formIs, "", []byte("a=1&password="+chosen[:3]), false); got.Text != "a=1\n…" || !got.Cut {
		t.Errorf("a form that breaks off is shown as %+v", got)
	}
}

// A certificate is for everybody: it is told whose it is. Its key is for nobody.
func TestCertificatesAreDescribed(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	subject := pkix.Name{CommonName: "mp-shop", OrganizationalUnit: []string{"TEST"}}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(255), Subject: subject, NotAfter: time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	const described = "certificate of CN=mp-shop,OU=TEST, serial number ff, valid until 2030-01-01T10:00:00Z, issued by CN=mp-shop,OU=TEST"
	for name, c := range map[string]struct{ text, want string }{
		"a certificate": {block("CERTIFICATE", certificate), described},
		"two, in base64": {
			base64.StdEncoding.EncodeToString([]byte(block("CERTIFICATE", certificate) + block("CERTIFICATE", certificate))), "base64 of " + described + "; " + described,
		},
		"a request":             {base64.StdEncoding.EncodeToString([]byte(block("CERTIFICATE REQUEST", request))), "base64 of certificate request for CN=mp-shop,OU=TEST, with an ECDSA key on P-256"},
		"a private key":         {block("PRIVATE KEY", private), "***"},
		"one behind a text":     {"here: " + block("PRIVATE KEY", private), "here: ***"},
		"one that breaks off":   {block("PRIVATE KEY", private)[:100], "PEM that breaks off"},
		"not a certificate":     {block("CERTIFICATE", []byte("x")), "certificate that cannot be read"},
		"with a key behind it":  {block("CERTIFICATE", certificate) + block("PRIVATE KEY", private), described + "; ***"},
		"with a key in pieces":  {block("CERTIFICATE", certificate) + block("PRIVATE KEY", private)[:90], described + "; PEM that breaks off"},
		"base64 that is broken": {base64.StdEncoding.EncodeToString([]byte(block("CERTIFICATE", certificate)))[:101], "base64 of PEM that breaks off"},
	} {
		if got := redact.Text(c.text); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	body := redact.Body("application/x-pem-file", "", []byte(block("CERTIFICATE", certificate)), true)
	if body.Text != described {
		t.Errorf("the body is shown as %+v", body)
	}
}

func TestHeadersAreShownWhereTheyAreKnown(t *testing.T) {
	got := redact.Show(redact.Keep(http.Header{
		"Authorization":         {"Bearer " + jws, "Basic " + random, "Bearer " + chosen, "Negotiate " + chosen, chosen},
		"Content-Type":          {"application/json"},
		"Cookie":                {"session=" + chosen},
		"Location":              {"/api/v1/systems/7?token=" + chosen, "https://anna:" + chosen + "@r.test/x?password=" + chosen},
		"Pairsim-Time":          {"2030-01-01T10:00:00Z"},
		"Ce-Type":               {"order.created"},
		"User-Agent":            {random, "curl/8\x1b[31m"},
		"X-Csrf-Token":          {chosen},
		"X-Api-" + random:       {chosen},
		"If-Match":              {`"` + strings.Repeat("a", 2000) + `"`},
		"X-Something-Nobody-Is": {chosen},
	}))
	want := []redact.Header{
		{"***", "***"},
		{"Authorization", "Bearer " + told},
		{"Authorization", "Basic ***"},
		{"Authorization", "Bearer ***"},
		{"Authorization", "***"},
		{"Authorization", "***"},
		{"Ce-Type", "order.created"},
		{"Content-Type", "application/json"},
		{"Cookie", "***"},
		{"If-Match", "***"},
		{"Location", "/api/v1/systems/7?token=***"},
		{"Location", "https://***@r.test/x?password=***"},
		{"Pairsim-Time", "2030-01-01T10:00:00Z"},
		{"User-Agent", "***"},
		{"User-Agent", "curl/8?[31m"},
		{"X-Csrf-Token", "***"},
		{"X-Something-Nobody-Is", "***"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	many := http.Header{}
	for i := range 500 {
		many[strings.Repeat("x", i)] = []string{"1"}
	}
	if n := len(redact.Show(redact.Keep(many))); n > 64 {
		t.Errorf("%d lines are shown", n)
	}
}

func TestQueriesAreShownByName(t *testing.T) {
	for raw, want := range map[string]string{
		"":                             "",
		"limit=10&cursor=abc&%24top=1": "limit=10&cursor=abc&$top=1",
		"token=" + chosen:              "token=***",
		"token=" + jws:                 "token=" + told,
		"q=" + random:                  "q=***",
		random:                         "***",
		"a=%zz" + chosen:               "***",
		"x=1&" + random + "=1":         "x=1&***=1",
		"a=1%0Ab":                      "a=1?b",
	} {
		if got := redact.Query(raw); got != want {
			t.Errorf("%q is shown as %q, want %q", raw, got, want)
		}
	}
}

func TestWhatIsShownIsBounded(t *testing.T) {
	for name, body := range map[string]string{
		"deep JSON": strings.Repeat("[", 8000),
		"deep XML":  strings.Repeat("<a>", 2000),
		"long JSON": "[" + strings.Repeat("1,", 4000),
		"long form": strings.Repeat("a=1&", 2000),
	} {
		media := jsonIs
		if strings.HasPrefix(body, "a") {
			media = formIs
		}
		if got := redact.Body(media, "", []byte(body), true); len(got.Text) > 34<<10 || !got.Cut {
			t.Errorf("%s: %d bytes are shown, cut %t", name, len(got.Text), got.Cut)
		}
	}
}

// FuzzBody: whatever stands around a secret, it is not shown, nor is what is shown
// without bounds.
func FuzzBody(f *testing.F) {
	for _, around := range [][2]string{{`{"name":"`, `"}`}, {"a=", "&b=1"}, {"<a>", "</a>"}, {"<a b='", "'/>"}, {`{"x":[1,{"y":"http://h/?t=`, `"}]}`}, {"-----BEGIN X-----\n", ""}} {
		for _, media := range []string{jsonIs, formIs, "application/xml", ""} {
			f.Add(media, around[0], around[1])
		}
	}
	f.Fuzz(func(t *testing.T, media, before, behind string) {
		if strings.ContainsAny(before, "%") { // half of an escape makes another text of the secret
			before = url.QueryEscape(before)
		}
		for _, secret := range []string{jws, random} {
			for _, whole := range []bool{true, false} {
				got := redact.Body(media, "", []byte(before+secret+behind), whole)
				if strings.Contains(got.Text, secret) || strings.Contains(got.Text, secret[len(secret)-30:]) {
					t.Errorf("%s of %q is shown as %q", media, before+secret+behind, got.Text)
				}
				if most := 34<<10 + 3*len(before+secret+behind); len(got.Text) > most {
					t.Errorf("%d bytes are shown as %d", len(before+secret+behind), len(got.Text))
				}
			}
		}
	})
}

// FuzzText: neither a text, nor a query, nor a header shows the secret in it.
func FuzzText(f *testing.F) {
	f.Add("http://h/", "?x=1")
	f.Add("Bearer ", "")
	f.Fuzz(func(t *testing.T, before, behind string) {
		text := strings.ReplaceAll(before, "%", "") + random + behind
		shown := []string{redact.Text(text), redact.Query(text)}
		for _, line := range redact.Show(redact.Keep(http.Header{"Location": {text}, "Authorization": {text}, "User-Agent": {text}, text: {text}})) {
			shown = append(shown, line.Name, line.Value)
		}
		for _, one := range shown {
			if strings.Contains(one, random) {
				t.Errorf("%q is shown as %q", text, one)
			}
		}
	})
}
