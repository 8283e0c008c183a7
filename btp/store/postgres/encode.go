package postgres

import (
	"bytes"
	"database/sql/driver"
	stdbinary "encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
)

// encode appends an argument to buf in PostgreSQL's binary format; value is its part of
// it, nil for NULL.
func encode(buf []byte, oid uint32, v driver.Value) (grown, value []byte, err error) {
	at := len(buf)
	switch v := v.(type) {
	case nil:
		return buf, nil, nil
	case int64:
		if oid == pgtype.Int8OID {
			grown = stdbinary.BigEndian.AppendUint64(buf, uint64(v))
			return grown, grown[at:], nil
		}
	case string:
		if oid == pgtype.TextOID {
			grown = append(buf, escape(v)...)
			return grown, notNil(grown[at:]), nil
		}
	case []byte:
		if v == nil {
			return buf, nil, nil
		}
		if oid == pgtype.ByteaOID {
			grown = append(buf, v...)
			return grown, notNil(grown[at:]), nil
		}
	}
	return buf, nil, fmt.Errorf("a %T is no value of PostgreSQL's type %d", v, oid)
}

// notNil: nil is NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// decode reads a value in binary format. What it returns is the caller's.
func decode(oid uint32, value []byte) (driver.Value, error) {
	if value == nil {
		return nil, nil
	}
	switch {
	case oid == pgtype.Int8OID && len(value) == 8:
		return int64(stdbinary.BigEndian.Uint64(value)), nil
	case oid == pgtype.TextOID:
		return unescape(string(value)), nil
	case oid == pgtype.ByteaOID:
		return bytes.Clone(value), nil
	}
	return nil, fmt.Errorf("PostgreSQL's type %d, in %d bytes, is none of our tables'", oid, len(value))
}

// mark begins what stands for a byte that PostgreSQL's text cannot hold, and for
// itself: two hexadecimal digits follow. Callers name objects in paths and queries by
// any bytes, and are to find none rather than a failing server.
const mark = "\x01"

func escape(s string) string {
	if utf8.ValidString(s) && !strings.ContainsAny(s, "\x00"+mark) {
		return s
	}
	var b strings.Builder
	for i, r := range s { // an invalid byte is a rune of its own
		_, size := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == 1 || r == utf8.RuneError && size == 1 {
			b.WriteString(mark + hex.EncodeToString([]byte{s[i]}))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unescape(s string) string {
	before, rest, found := strings.Cut(s, mark)
	if !found {
		return s
	}
	var b strings.Builder
	for ; found; before, rest, found = strings.Cut(rest, mark) {
		b.WriteString(before)
		raw, err := hex.DecodeString(rest[:min(2, len(rest))])
		if err != nil { // escape wrote it
			return s
		}
		b.Write(raw)
		rest = rest[min(2, len(rest)):]
	}
	b.WriteString(before)
	return b.String()
}
