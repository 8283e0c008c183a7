package naive

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// raw speaks HTTP over a connection of its own, as clients without a library do.
type raw struct {
	tls *tls.Config
	// keep uses one connection for all requests, whatever the answers say.
	keep bool
	// check looks at the head of an answer as it came.
	check func(head []string) error

	mu     sync.Mutex
	conn   *tls.Conn
	reader *bufio.Reader
}

// RoundTrip implements http.RoundTripper.
func (r *raw) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil || !r.keep {
		r.drop()
		dialer := tls.Dialer{Config: r.tls}
		c, err := dialer.DialContext(req.Context(), "tcp", req.URL.Host)
		if err != nil {
			return nil, err
		}
		r.conn = c.(*tls.Conn) // a tls.Dialer makes no other
		r.reader = bufio.NewReader(r.conn)
	}
	if err := req.Write(r.conn); err != nil {
		return nil, err
	}
	var head bytes.Buffer
	var lines []string
	for {
		line, err := r.reader.ReadString('\n')
		if err != nil {
			return nil, errors.Join(errors.New("the connection is closed"), err)
		}
		head.WriteString(line)
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			break
		}
		lines = append(lines, line)
	}
	res, err := http.ReadResponse(bufio.NewReader(io.MultiReader(&head, r.reader)), req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body) // nothing is behind it: requests are not pipelined
	res.Body = io.NopCloser(bytes.NewReader(body))
	if r.check != nil {
		if wrong := r.check(lines); wrong != nil {
			res.Body = io.NopCloser(failing{wrong})
		}
	}
	return res, err
}

// failing is a body that is not read, because its head was not liked.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// CloseIdleConnections drops the connection.
func (r *raw) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop()
}

func (r *raw) drop() {
	if r.conn != nil {
		_ = r.conn.Close() // nothing more is said over it
		r.conn = nil
	}
}
