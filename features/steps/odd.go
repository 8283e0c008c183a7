package steps

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oddSteps are a connector that goes by nothing but what is promised, and looks at how
// odd the answers of a strict registry are. Which answers are is drawn: it asks often.
func (w *world) oddSteps(d definitions) {
	d.Given(`^the connector has paired, however often it had to ask$`, w.theConnectorPairsPatiently)
	d.Given(`^the clock has been let run$`, w.theClockRunsAgain)

	d.When(`^the connector asks for (the management info|its services) again and again$`, w.theConnectorAsksOften)
	d.When(`^the connector renews its certificate again and again$`, w.theConnectorRenewsOften)
	d.When(`^the connector registers services until the registry is busy$`, w.theConnectorRegistersUntilBusy)
	d.When(`^the connector asks for the management info until it is put off to a date$`, w.theConnectorAsksUntilDate)
	d.When(`^the connector asks for the management info until it is put off twice$`, w.theConnectorAsksUntilEarly)
	d.When(`^connectors pair until management info names other addresses than the first answer$`, w.connectorsPairUntilMoved)
	d.When(`^somebody reads the keys of the registry until they are rotated$`, w.somebodyReadsKeysUntilRotated)

	d.Then(`^some answers have (.+), and all say the same$`, w.someAnswersHave)
	d.Then(`^some certificates come with (.+), and all are good$`, w.someCertificatesComeWith)
	d.Then(`^the refused call has done nothing$`, w.theRefusedCallHasDoneNothing)
	d.Then(`^it is told to come again (at once|in a second|at an instant of the landscape's clock)$`, w.itIsToldToComeAgain)
	d.Then(`^the same call is answered when it comes again$`, w.theSameCallIsAnswered)
	d.Then(`^it is told that it broke "([^"]*)"$`, w.theConnectorIsToldThatItBroke)
	d.Then(`^the address of the first answer is (not found|answered)$`, w.theFirstAddressIs)
	d.Then(`^a token that is made now has a key that it has not read$`, w.aNewTokenHasAnotherKey)
}

// often is how often the connector asks, where what a rule does is drawn one time in
// two or three; atMost how often it asks until something happens that is rarer. That it
// does not happen is as good as impossible.
const (
	often  = 32
	atMost = 8 * often
)

// odd is an answer as it came over the connection.
type odd struct {
	head    string // as it was written
	pieces  bool   // chunked
	closed  bool   // by the registry, after the answer
	status  int
	header  http.Header
	body    []byte
	members any // the body, as the documents say
}

// listenClosely makes a call on a connection of its own, and keeps the answer as it came.
func (w *world) listenClosely(ctx context.Context, method, address string, body any) (a odd, err error) {
	target, err := url.Parse(address)
	if err != nil {
		return a, errors.New("the registry named no usable address for this")
	}
	if w.wire.secured == nil { // sessions are resumed: what is looked at is above TLS
		w.wire.secured = w.landscape.TLS(w.wire.own)
		w.wire.secured.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	dial := tls.Dialer{Config: w.wire.secured}
	conn, err := dial.DialContext(ctx, "tcp", target.Host)
	if err != nil {
		return a, err
	}
	defer conn.Close()
	if err := writeRequest(ctx, conn, method, address, body); err != nil {
		return a, err
	}
	var raw bytes.Buffer
	answer, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &raw)), nil)
	if err != nil {
		return a, err
	}
	defer answer.Body.Close()
	if a.body, err = io.ReadAll(io.LimitReader(answer.Body, maxWireAnswer)); err != nil {
		return a, err
	}
	a.head, _, _ = strings.Cut(raw.String(), "\r\n\r\n")
	a.status, a.header, a.pieces = answer.StatusCode, answer.Header, slices.Contains(answer.TransferEncoding, "chunked")
	if answer.Close {
		_, err := conn.Read(make([]byte, 1))
		a.closed = errors.Is(err, io.EOF)
	}
	if len(a.body) > 0 {
		if err := json.Unmarshal(a.body, &a.members); err != nil {
			return a, fmt.Errorf("the answer is no JSON: %w", err)
		}
	}
	return a, nil
}

func writeRequest(ctx context.Context, conn net.Conn, method, address string, body any) error {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(sent))
	if err != nil {
		return errors.New("the registry named no usable address for this")
	}
	request.Header.Set("Content-Type", "application/json")
	return request.Write(conn)
}

// patiently makes a call as often as the registry says that it is busy: at once, for its
// clock stands still.
func (w *world) patiently(ctx context.Context, do func(context.Context) error, status int) error {
	for range often {
		if err := do(ctx); err != nil {
			return err
		}
		if w.wire.answer.status != http.StatusServiceUnavailable {
			return w.itIsAnsweredWith(status, "")
		}
	}
	return errors.New("the registry is always busy")
}

func (w *world) theConnectorPairsPatiently(ctx context.Context) error {
	for _, step := range []struct {
		do     func(context.Context) error
		status int
	}{{w.theClientOpens, http.StatusOK}, {w.theWireClientCertifies, http.StatusCreated}, {w.theWireClientAsks, http.StatusOK}} {
		if err := w.patiently(ctx, step.do, step.status); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) theConnectorAsksOften(ctx context.Context, what string) error {
	at := map[string]string{"the management info": w.wire.info.API.InfoURL, "its services": w.wire.manage.URLs.MetadataURL}[what]
	for range often {
		a, err := w.listenClosely(ctx, http.MethodGet, at, nil)
		if err != nil {
			return err
		}
		if a.status != http.StatusOK {
			return fmt.Errorf("got status %d, want 200", a.status)
		}
		w.wire.odd = append(w.wire.odd, a)
	}
	return nil
}

func (w *world) someAnswersHave(what string) error {
	has, known := oddities[what]
	if !known {
		return fmt.Errorf("the steps know no answers that have %s", what)
	}
	if len(w.wire.odd) == 0 {
		return errors.New("the connector has asked for nothing")
	}
	n, first := 0, w.wire.odd[0]
	for _, a := range w.wire.odd {
		if has(a, first) {
			n++
		}
		if !reflect.DeepEqual(promised(a.members), promised(first.members)) {
			return fmt.Errorf("an answer says %.500s, another %.500s", a.body, first.body)
		}
	}
	if n == 0 || n == len(w.wire.odd) {
		return fmt.Errorf("of %d answers %d have %s, want some", len(w.wire.odd), n, what)
	}
	return nil
}

func (w *world) theConnectorRenewsOften(ctx context.Context) error {
	for range often {
		if err := w.theWireClientRenews(ctx); err != nil {
			return err
		}
		if err := w.itIsAnsweredWith(http.StatusCreated, ""); err != nil {
			return err
		}
		if err := w.itGetsACertificate(); err != nil {
			return err
		}
		w.wire.odd = append(w.wire.odd, odd{body: w.wire.answer.body})
	}
	return nil
}

func (w *world) someCertificatesComeWith(what string) error {
	n := 0
	for _, a := range w.wire.odd {
		var got struct{ Crt []byte } // base64
		if err := json.Unmarshal(a.body, &got); err != nil {
			return err
		}
		chain := 0
		for block, rest := pem.Decode(got.Crt); block != nil; block, rest = pem.Decode(rest) {
			chain++
		}
		switch what {
		case "the root behind them":
			if chain == 3 {
				n++
			}
		case "text around them and lines that end with CRLF":
			if !bytes.HasPrefix(got.Crt, []byte("-----BEGIN")) && bytes.Contains(got.Crt, []byte("\r\n")) {
				n++
			}
		default:
			return fmt.Errorf("the steps know no certificates with %s", what)
		}
	}
	if n == 0 || n == len(w.wire.odd) {
		return fmt.Errorf("of %d certificates %d come with %s, want some", len(w.wire.odd), n, what)
	}
	return nil
}

// theConnectorRegistersUntilBusy registers a service of another name each time, and
// remembers how many were accepted.
func (w *world) theConnectorRegistersUntilBusy(ctx context.Context) error {
	for n := range atMost {
		service := plain(nil).with(members{"name": fmt.Sprint("Orders ", n)})
		a, err := w.listenClosely(ctx, http.MethodPost, w.wire.manage.URLs.MetadataURL, service)
		if err != nil {
			return err
		}
		w.wire.odd = append(w.wire.odd, a)
		if a.status == http.StatusServiceUnavailable {
			w.wire.refused = service
			return nil
		}
		if a.status != http.StatusOK {
			return fmt.Errorf("got status %d, want 200 or 503", a.status)
		}
	}
	return errors.New("the registry was never busy")
}

func (w *world) latestOdd() (odd, error) {
	if len(w.wire.odd) == 0 {
		return odd{}, errors.New("the connector has asked for nothing")
	}
	return w.wire.odd[len(w.wire.odd)-1], nil
}

func (w *world) theRefusedCallHasDoneNothing(ctx context.Context) error {
	if err := w.patiently(ctx, func(ctx context.Context) error {
		_, err := w.listed(ctx)
		if w.wire.answer.status == http.StatusServiceUnavailable {
			return nil
		}
		return err
	}, http.StatusOK); err != nil {
		return err
	}
	var list []members
	if err := w.wire.answer.read(&list); err != nil {
		return err
	}
	if n := len(w.wire.odd) - 1; len(list) != n {
		return fmt.Errorf("there are %d services, want the %d that were accepted", len(list), n)
	}
	return nil
}

func (w *world) itIsToldToComeAgain(ctx context.Context, when string) error {
	a, err := w.latestOdd()
	if err != nil {
		return err
	}
	after := a.header.Get("Retry-After")
	switch when {
	case "at once":
		if after != "0" {
			return fmt.Errorf("Retry-After is %q, want 0: time stands still", after)
		}
	case "in a second":
		if after != "1" {
			return fmt.Errorf("Retry-After is %q, want 1", after)
		}
	default:
		at, err := http.ParseTime(after)
		if err != nil {
			return fmt.Errorf("Retry-After is %q, want an HTTP date", after)
		}
		clock, err := w.control.Clock(ctx)
		if err != nil {
			return err
		}
		if apart := at.Sub(clock.Now).Abs(); apart > time.Minute {
			return fmt.Errorf("Retry-After is %s, and the landscape's clock shows %s", at, clock.Now)
		}
	}
	return nil
}

func (w *world) theSameCallIsAnswered(ctx context.Context) error {
	a, err := w.listenClosely(ctx, http.MethodPost, w.wire.manage.URLs.MetadataURL, w.wire.refused)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("the call that came again got status %d, want 200", a.status)
	}
	return err
}

func (w *world) theConnectorAsksUntilDate(ctx context.Context) error {
	return w.asksUntil(ctx, func(a, _ odd) bool {
		_, err := strconv.Atoi(a.header.Get("Retry-After"))
		return a.status == http.StatusServiceUnavailable && err != nil
	})
}

// theConnectorAsksUntilEarly comes again at once whenever it is put off.
func (w *world) theConnectorAsksUntilEarly(ctx context.Context) error {
	return w.asksUntil(ctx, func(a, before odd) bool {
		return a.status == http.StatusServiceUnavailable && before.status == http.StatusServiceUnavailable
	})
}

// asksUntil asks for the management info until an answer, after the one before it, is
// what is waited for.
func (w *world) asksUntil(ctx context.Context, is func(a, before odd) bool) error {
	var before odd
	for range atMost {
		a, err := w.listenClosely(ctx, http.MethodGet, w.wire.info.API.InfoURL, nil)
		if err != nil {
			return err
		}
		w.wire.odd = append(w.wire.odd, a)
		if is(a, before) {
			return nil
		}
		before = a
	}
	return fmt.Errorf("none of %d answers is what the connector waits for", atMost)
}

func (w *world) theConnectorIsToldThatItBroke(rule string) error {
	a, err := w.latestOdd()
	if err == nil && a.header.Get("Pairsim-Strict") != rule {
		err = fmt.Errorf("the connector is told that it broke %q, want %s", a.header.Get("Pairsim-Strict"), rule)
	}
	return err
}
