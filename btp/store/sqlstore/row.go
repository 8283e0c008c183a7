package sqlstore

import (
	"database/sql/driver"
	"fmt"
	"math"
	"time"
)

// Row is what a query found: text, bytes, 64-bit integers and nil; its methods read
// one column. A column of an unexpected type, which our own tables do not hold, reads
// as zero.
type Row []driver.Value

// Text reads a column of text; "" for nil.
func (r Row) Text(i int) string {
	s, _ := r[i].(string)
	return s
}

// Bytes reads a column of bytes.
func (r Row) Bytes(i int) []byte {
	b, _ := r[i].([]byte)
	return b
}

// Number reads a column of numbers.
func (r Row) Number(i int) int64 {
	n, _ := r[i].(int64)
	return n
}

// Flag reads what flag stored.
func (r Row) Flag(i int) bool { return r.Number(i) != 0 }

// Time reads what Stored made of a time.
func (r Row) Time(i int) time.Time {
	if n, ok := r[i].(int64); ok {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

// flag is how a bool is stored.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Stored is how an argument of a statement is stored: a time in unix nanoseconds,
// nil for the zero time; all else as it is.
func Stored(v driver.Value) (driver.Value, error) {
	t, ok := v.(time.Time)
	switch {
	case !ok:
		return v, nil
	case t.IsZero():
		return nil, nil
	case t.Before(time.Unix(0, math.MinInt64)), t.After(time.Unix(0, math.MaxInt64)):
		return nil, fmt.Errorf("time %s is outside of what the store can hold (years 1678 to 2262)", t.Format(time.RFC3339))
	}
	return t.UnixNano(), nil
}
