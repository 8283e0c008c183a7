package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/jsonbody"
)

// MaxBody is the most bytes of a request body on our own APIs.
const MaxBody = 64 << 10

// DecodeBody reads the JSON object of a request into the struct that into points
// to, as strictly as jsonbody does. It refuses with BodyTooLarge, UnsupportedMediaType
// or InvalidRequest.
func DecodeBody(c *gin.Context, into any) error { return DecodeLargeBody(c, MaxBody, into) }

// DecodeLargeBody is DecodeBody for a call whose body may have so many bytes.
func DecodeLargeBody(c *gin.Context, most int64, into any) error {
	body, err := ReadBody(c, most)
	if err != nil {
		return err
	}
	return decode(body, into)
}

// DecodeOptionalBody is DecodeBody for a call that needs no body.
func DecodeOptionalBody(c *gin.Context, into any) error {
	body, err := ReadBody(c, MaxBody)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	return decode(body, into)
}

// ReadBody reads a request body of JSON, of at most so many bytes. It refuses
// with BodyTooLarge, UnsupportedMediaType or InvalidRequest.
func ReadBody(c *gin.Context, most int64) ([]byte, error) {
	r := c.Request
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, r.Body, most))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, btp.Errorf(btp.BodyTooLarge, "a body has at most %d bytes", over.Limit)
	case err != nil:
		return nil, btp.Errorf(btp.InvalidRequest, "the body broke off")
	case len(body) == 0:
		return nil, nil
	}
	return body, checkMediaType(r.Header)
}

func checkMediaType(h http.Header) error {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return btp.Errorf(btp.UnsupportedMediaType, "a body is not compressed; Content-Encoding is %.40q", coding)
	}
	given := h.Get("Content-Type")
	if given == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(given)
	if err != nil || media != "application/json" && !(strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")) {
		return btp.Errorf(btp.UnsupportedMediaType, "Content-Type is %.80q; a body is application/json", given)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return btp.Errorf(btp.UnsupportedMediaType, "JSON is UTF-8; the charset is %.40q", charset)
	}
	return nil
}

func decode(body []byte, into any) error {
	if err := jsonbody.Decode(body, into); err != nil {
		return btp.Errorf(btp.InvalidRequest, "%w", err)
	}
	return nil
}

// Respond answers with v as JSON.
func Respond(c *gin.Context, status int, v any) error {
	body, err := marshal(v)
	if err != nil {
		return err
	}
	c.Data(status, "application/json", body)
	return nil
}

func marshal(v any) ([]byte, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return body.Bytes(), nil
}
