package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// settings are what a collector is told with, and where.
type settings struct {
	target  string
	header  http.Header
	tls     *tls.Config // nil: nothing is particular
	timeout time.Duration
	gzip    bool
	json    bool
}

// ErrEndpoint says that the variables name no URL of a collector.
var ErrEndpoint = errors.New("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or else OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL")

var errTLS = errors.New("a certificate or a key is set for the collector, but its URL is one of http")

// variables reads OpenTelemetry's variables of an OTLP exporter
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). What one of them holds
// that cannot be meant is logged, and passed over.
type variables struct {
	getenv func(string) string
	log    *slog.Logger
}

// get is the value of a variable for traces, or else of the one for all signals.
func (v variables) get(name string) (text, from string) {
	for _, from := range []string{"OTEL_EXPORTER_OTLP_TRACES_" + name, "OTEL_EXPORTER_OTLP_" + name} {
		if text := strings.TrimSpace(v.getenv(from)); text != "" {
			return text, from
		}
	}
	return "", ""
}

// wrong tells of a variable without its value, which may be a secret.
func (v variables) wrong(name, problem string) {
	v.log.Warn("a variable of OpenTelemetry is passed over", "variable", name, "error", problem)
}

// read reads all. target "" is the variables' to name.
func (v variables) read(target string) (s settings, err error) {
	if s.target = target; target == "" {
		if s.target, err = v.target(); err != nil {
			return s, err
		}
	}
	s.header = v.header()
	s.timeout = v.timeout()
	compression, _ := v.get("COMPRESSION")
	s.gzip = compression == "gzip"
	switch protocol, from := v.get("PROTOCOL"); protocol {
	case "", "http/protobuf":
	case "http/json":
		s.json = true
	default:
		v.wrong(from, "want http/protobuf or http/json")
	}
	s.tls = v.tls()
	if s.tls != nil && !strings.HasPrefix(s.target, "https:") {
		return s, errTLS
	}
	return s, nil
}

// target: the URL for traces is meant as it is, to that for all signals the path is added.
// Whether calls are encrypted is the URL's to say: OTEL_EXPORTER_OTLP_INSECURE is about gRPC.
func (v variables) target() (string, error) {
	text, from := v.get("ENDPOINT")
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", ErrEndpoint
	}
	if from == "OTEL_EXPORTER_OTLP_ENDPOINT" {
		u.Path, u.RawPath = path.Join("/", u.Path, "v1/traces"), ""
	} else if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), nil
}

// header reads key=value,key=value, the values percent-encoded.
func (v variables) header() http.Header {
	h := http.Header{}
	text, from := v.get("HEADERS")
	if text == "" {
		return h
	}
	for pair := range strings.SplitSeq(text, ",") {
		name, encoded, found := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		if !found || !httpguts.ValidHeaderFieldName(name) {
			v.wrong(from, "a part of it is no key=value")
			continue
		}
		plain, err := url.PathUnescape(encoded)
		if plain = strings.TrimSpace(plain); err != nil || !httpguts.ValidHeaderFieldValue(plain) {
			v.wrong(from, "the value of "+name+" is none of a header")
			continue
		}
		h.Set(name, plain)
	}
	return h
}

const usualTimeout = 10 * time.Second

func (v variables) timeout() time.Duration {
	text, from := v.get("TIMEOUT")
	if text == "" {
		return usualTimeout
	}
	ms, err := strconv.ParseInt(text, 10, 32)
	if err != nil || ms < 0 {
		v.wrong(from, "want milliseconds")
		return usualTimeout
	}
	return time.Duration(ms) * time.Millisecond // 0: without end
}

// tls trusts what CERTIFICATE names, and presents CLIENT_CERTIFICATE.
func (v variables) tls() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if file, from := v.get("CERTIFICATE"); file != "" {
		text, err := os.ReadFile(file) //nolint:gosec // the user's own file
		if pool := x509.NewCertPool(); err == nil && pool.AppendCertsFromPEM(text) {
			c.RootCAs = pool
		} else {
			v.wrong(from, said(err, "it holds no certificate in PEM"))
		}
	}
	for _, of := range []string{"OTEL_EXPORTER_OTLP_TRACES_CLIENT_", "OTEL_EXPORTER_OTLP_CLIENT_"} { // a key belongs to its certificate
		certificate, key := strings.TrimSpace(v.getenv(of+"CERTIFICATE")), strings.TrimSpace(v.getenv(of+"KEY"))
		if certificate == "" || key == "" {
			continue
		}
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			v.wrong(of+"CERTIFICATE", err.Error())
			continue
		}
		c.Certificates = []tls.Certificate{pair}
		break
	}
	if c.RootCAs == nil && c.Certificates == nil {
		return nil
	}
	return c
}

func said(err error, otherwise string) string {
	if err != nil {
		return fmt.Sprint(err)
	}
	return otherwise
}
