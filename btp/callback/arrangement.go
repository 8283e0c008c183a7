package callback

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/extensibility"
	"github.com/pairsim/pairsim/btp/faultwire"
	"github.com/pairsim/pairsim/internal/problem"
	"github.com/pairsim/pairsim/internal/secret"
)

// Caller makes calls one by one; showing says with which certificate, nil for none.
// Its errors hold no credentials.
type Caller interface {
	Call(req *http.Request, showing *tls.Certificate) (*http.Response, error)
}

// Arranger is extensibility.Tenants over HTTP (docs/wire.md, Communication arrangements).
type Arranger struct {
	Caller Caller
	// Certificate is what the registry shows to a tenant that is called over TLS.
	Certificate func() (*tls.Certificate, error)
	// Timeout bounds a call, in real time.
	Timeout time.Duration
}

var _ extensibility.Tenants = Arranger{}

// maxAnswer is the most bytes of a tenant's answer that are read.
const maxAnswer = 256 << 10

// Arrange has the tenant make the arrangement of an instance.
func (a Arranger) Arrange(ctx context.Context, call extensibility.Call, order extensibility.Order) (made extensibility.Arranged, err error) {
	body, err := json.Marshal(order)
	if err != nil {
		return made, err
	}
	answer, err := a.told(ctx, http.MethodPut, call, body)
	if err != nil {
		return made, err
	}
	if err := json.Unmarshal(answer, &made); err != nil {
		return made, btp.Errorf(btp.TenantNotTold, "the tenant's callback answered with no JSON as it should be")
	}
	return made, whole(made, order)
}

// whole refuses an answer that lacks what the order asks for.
func whole(made extensibility.Arranged, order extensibility.Order) error {
	missing := ""
	inbound := order.Arrangement.Inbound
	switch {
	case !absolute(made.URL):
		missing = "url"
	case made.Arrangement == "":
		missing = "arrangementId"
	case (inbound == extensibility.Basic || inbound == extensibility.SAMLBearer) && (made.User == nil || made.User.Name == "" || made.User.Password == ""):
		missing = "communicationUser"
	case inbound == extensibility.SAMLBearer && !absolute(made.TokenServiceURL):
		missing = "tokenServiceUrl"
	case inbound == extensibility.SAMLBearer && made.UIURL == "":
		missing = "uiUrl"
	default:
		return nil
	}
	return btp.Errorf(btp.TenantNotTold, "the tenant's callback answered without a good %s", missing)
}

func absolute(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// Disarrange has the tenant delete the arrangement of an instance.
func (a Arranger) Disarrange(ctx context.Context, call extensibility.Call) error {
	body, err := json.Marshal(struct {
		System btp.SystemID `json:"systemId"`
	}{call.System})
	if err != nil {
		return err
	}
	_, err = a.told(ctx, http.MethodDelete, call, body)
	return err
}

// told makes the call, once or as the faults will have it. The second answer counts.
func (a Arranger) told(ctx context.Context, method string, call extensibility.Call, body []byte) ([]byte, error) {
	answer, err := a.tell(ctx, method, call, body)
	if err == nil && call.Faults.Duplicate {
		answer, err = a.tell(ctx, method, call, body)
	}
	if err == nil && call.Faults.Drop {
		return nil, btp.Errorf(btp.TenantNotTold, "the tenant's callback could not be told: the connection was closed before the answer")
	}
	return answer, notTold(ctx, err)
}

func (a Arranger) tell(ctx context.Context, method string, call extensibility.Call, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	f, jwt := call.Faults, []byte(call.JWT)
	for _, part := range f.Corrupt {
		body, jwt = faultwire.Garble(body, part), faultwire.Garble(jwt, part)
	}
	sent := body
	if f.Truncate != nil {
		sent = body[:faultwire.Cut(len(body), *f.Truncate)]
	}
	req, err := request(ctx, method, call.CallbackURL, "/communicationArrangements/"+url.PathEscape(call.Instance), io.NopCloser(bytes.NewReader(sent)))
	if err != nil {
		return nil, err
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Authorization", "Bearer "+string(jwt))
	if len(f.Rules) > 0 {
		req.Header.Set(faultwire.Header, strings.Join(f.Rules, ", "))
	}
	var own *tls.Certificate
	if req.URL.Scheme == "https" && a.Certificate != nil {
		if own, err = a.Certificate(); err != nil {
			return nil, err
		}
	}
	res, err := a.Caller.Call(req, own)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // what counts of it is read
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, btp.Errorf(btp.TenantNotTold, "the tenant's callback answered, but not to the end")
	case len(answer) > maxAnswer:
		return nil, btp.Errorf(btp.TenantNotTold, "the tenant's callback answered more than %d bytes", maxAnswer)
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return answer, nil
	}
	return nil, refusal(res, answer)
}

// refusal is what a tenant's refusal comes to: its own words, where it has found some.
func refusal(res *http.Response, answer []byte) error {
	var said struct{ Type, Title, Detail string }
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	code, ours := "", false
	if kind == problem.ContentType && json.Unmarshal(answer, &said) == nil {
		code, ours = strings.CutPrefix(said.Type, problem.TypePrefix)
	}
	if !ours || res.StatusCode >= http.StatusInternalServerError {
		return btp.Errorf(btp.TenantNotTold, "the tenant's callback answered %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	told := plain(said.Title)
	if detail := plain(said.Detail); detail != "" {
		told += ": " + detail
	}
	if code == "tenant-busy" {
		refused := btp.Errorf(btp.TenantNotTold, "the tenant's callback could not be told: %s", told)
		refused.Cause = btp.ErrTenantBusy
		return refused
	}
	refused := btp.Errorf(btp.ArrangementRefused, "%s (%s)", told, plain(code))
	if code == "arrangement-exists" {
		refused.Cause = extensibility.ErrArrangementExists
	}
	return refused
}

// plain is a tenant's text as it may be shown: bounded, in one line, without what looks
// like a secret.
func plain(text string) string {
	const most = 1000
	if len(text) > most {
		text = text[:most] + "…"
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return secret.Mask(strings.TrimSpace(text))
}
