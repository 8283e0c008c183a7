package strict

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// recorder keeps an answer until the rules have had their hand in it. An answer
// that is flushed, or whose connection is taken over, goes through as it is.
type recorder struct {
	w       http.ResponseWriter
	status  int
	body    bytes.Buffer
	through bool
	tripped *Rule
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.w.Header() }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	switch {
	case r.through, status < http.StatusOK:
		r.w.WriteHeader(status)
	case r.status == 0:
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.through {
		return r.w.Write(b)
	}
	return r.body.Write(b)
}

// Flush implements http.Flusher.
func (r *recorder) Flush() {
	if !r.through {
		r.pass()
		r.through = true
	}
	_ = http.NewResponseController(r.w).Flush() // not every writer can
}

// pass writes what was kept, unchanged.
func (r *recorder) pass() {
	if r.status != 0 {
		r.w.WriteHeader(r.status)
	}
	_, _ = r.w.Write(r.body.Bytes()) // nobody reads any more
}

// Hijack implements http.Hijacker.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(r.w).Hijack()
	r.through = r.through || err == nil
	return c, rw, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.w }

// maxRewritten bounds the bodies whose JSON is changed, in bytes.
const maxRewritten = 1 << 20

// finish changes the answer and sends it.
func (x *exchange) finish() {
	a := x.answer
	if a.status == 0 {
		a.status = http.StatusOK
	}
	x.lateForAttempt()
	x.rotateKeys()
	body := a.body.Bytes()
	if x.hasJSON(body) {
		if tree, err := parse(body); err == nil {
			if changed := x.rewrite(tree); changed != nil {
				body = changed
			}
		}
	}
	x.journal()
	x.send(body)
}

func (x *exchange) hasJSON(body []byte) bool {
	header := x.answer.Header()
	etag := header.Get("ETag")
	// A strong validator stands for these very bytes (RFC 9110 §8.8.1).
	strong := etag != "" && !strings.HasPrefix(etag, "W/")
	return len(body) > 0 && len(body) <= maxRewritten && !strong && strings.Contains(header.Get("Content-Type"), "json")
}

// rewrite changes an answer's JSON; nil when no rule did.
func (x *exchange) rewrite(body *node) []byte {
	x.learn(x.answer.status, body)
	x.varyCertificates(body)
	x.leaveOut(body)
	x.shuffleLists(body)
	x.addUnknown(body)
	if chance, yes := x.strike(ShuffledKeys); yes {
		body.shuffle(chance)
		x.exercise(ShuffledKeys)
	}
	how := style{}
	if chance, yes := x.strike(FreeText); yes {
		how.chance = chance
		x.exercise(FreeText)
	}
	if len(x.applied) == 0 {
		return nil
	}
	return body.bytes(how)
}

// lateForAttempt trips a client that comes with a follow-up token after its short
// life, where the policy's own would have let it.
func (x *exchange) lateForAttempt() {
	reason := btp.Code(x.answer.Header().Get("Pairsim-Reason"))
	if x.step != stepCertificate || x.pairing == nil || reason != btp.FollowUpInvalid && reason != btp.FollowUpExpired || !x.on[ShortAttempt] {
		return
	}
	age := x.Registry.Now().Sub(x.pairing.issued)
	if age >= x.Settings.AttemptDeadline(x.AttemptDeadline) && age < x.AttemptDeadline {
		x.trip(ShortAttempt)
	}
}

// rotateKeys rotates the signing key once the key set is read; the set that is
// sent is the one from before.
func (x *exchange) rotateKeys() {
	const most = 8 // keys in the set: they are published until their last token has expired
	if x.step != stepKeys || x.answer.status != http.StatusOK {
		return
	}
	if _, yes := x.strike(RotatedKeys); !yes {
		return
	}
	set, err := parse(x.answer.body.Bytes())
	if err != nil {
		return
	}
	keys := set.at("keys")
	if keys == nil || len(keys.items) == 0 || len(keys.items) >= most {
		return
	}
	algorithm := btp.KeyAlgorithm(textOf(keys.items[0].at("alg")))
	if _, err := x.Registry.RotateKey(context.WithoutCancel(x.request.Context()), algorithm); err == nil {
		x.exercise(RotatedKeys)
	}
}

// leaveOut drops members that are optional.
func (x *exchange) leaveOut(body *node) {
	if x.surface != vendor {
		return
	}
	if _, yes := x.strike(AbsentFields); !yes {
		return
	}
	dropped := false
	switch x.step {
	case stepInfo, stepManagement:
		dropped = body.at("certificate").remove("extensions")
	case stepServices:
		for _, item := range body.items {
			dropped = item.remove("labels") || dropped
		}
	}
	if dropped {
		x.exercise(AbsentFields)
	}
}

// shuffleLists changes the order of lists that have none.
func (x *exchange) shuffleLists(body *node) {
	chance, yes := x.strike(ShuffledLists)
	if !yes {
		return
	}
	var list *node
	switch x.step {
	case stepServices:
		list = body
	case stepKeys:
		list = body.at("keys")
	case stepSubscribed:
		list = body.at("eventsInfo")
	}
	if list == nil || len(list.items) < 2 {
		return
	}
	// Never into the same order: a rotation by at least one.
	by := 1 + chance.IntN(len(list.items)-1)
	list.items = append(append([]*node{}, list.items[by:]...), list.items[:by]...)
	x.exercise(ShuffledLists)
}

// growing are the members in whose objects, and items, further members may stand.
// Others hold what somebody else wrote, or maps of texts.
var growing = []string{"api", "certificate", "urls", "clientIdentity", "keys", "eventsInfo"}

// addUnknown adds members that no document names; not where our own OpenAPI
// document says that nothing else may stand.
func (x *exchange) addUnknown(body *node) {
	if x.surface == own && !x.open {
		return
	}
	chance, yes := x.strike(UnknownKeys)
	if !yes {
		return
	}
	added := x.addTo(body, chance)
	if body.kind == '{' && x.step != "service" {
		for _, key := range growing {
			if inner := body.at(key); inner != nil {
				added = x.addTo(inner, chance) || added
			}
		}
	}
	if added {
		x.exercise(UnknownKeys)
	}
}

func (x *exchange) addTo(n *node, chance *rand.Rand) bool {
	if n.kind == '[' {
		added := false
		for _, item := range n.items {
			added = item.kind == '{' && x.addTo(item, chance) || added
		}
		return added
	}
	if n.kind != '{' {
		return false
	}
	values := []*node{
		{kind: '"', text: "of a later release"},
		{text: "42"},
		{text: "null"},
		{text: "true"},
		{kind: '['},
		{kind: '{', members: []member{{"since", &node{kind: '"', text: "9.9"}}}},
	}
	name := fmt.Sprintf("x-future-%04x", chance.IntN(1<<16))
	n.members = append(n.members, member{name, values[chance.IntN(len(values))]})
	return true
}

// managed are headers that net/http writes by itself.
var managed = map[string]bool{"Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Trailer": true}

// send writes status, headers and body, the way that the rules say.
func (x *exchange) send(body []byte) {
	a := x.answer
	header := a.Header()
	if _, yes := x.strike(Closing); yes {
		header.Set("Connection", "close")
		x.exercise(Closing)
	}
	chance, inPieces := x.strike(Pieces)
	inPieces = inPieces && len(body) > 1 && !bodyless(x.request.Method, a.status)
	header.Del("Content-Length")
	switch {
	case inPieces:
		x.exercise(Pieces)
	case !bodyless(x.request.Method, a.status):
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	_, lower := x.strike(HeaderCase)
	lower = lower && x.surface == vendor
	if lower {
		x.exercise(HeaderCase)
	}
	if len(x.applied) > 0 {
		names := make([]string, len(x.applied))
		for i, n := range x.applied {
			names[i] = string(n)
		}
		header.Set(RulesHeader, strings.Join(names, ", "))
	}
	if lower {
		lowerCase(header)
	}
	a.w.WriteHeader(a.status)
	if bodyless(x.request.Method, a.status) {
		return
	}
	for inPieces && len(body) > 0 {
		n := min(len(body), 1+chance.IntN(max(16, a.body.Len()/4)))
		if _, err := a.w.Write(body[:n]); err != nil {
			return
		}
		if err := http.NewResponseController(a.w).Flush(); err != nil {
			return
		}
		body = body[n:]
	}
	_, _ = a.w.Write(body) // nobody reads any more
}

// lowerCase writes the names as they are here, and adds some that nobody asked for.
func lowerCase(header http.Header) {
	for name, values := range header.Clone() {
		if managed[name] {
			continue
		}
		header[strings.ToLower(name)] = values
		header[name] = nil // and net/http adds none of its own
	}
	header["x-content-type-options"] = []string{"nosniff"}
	header["via"] = []string{"1.1 gateway"}
}
