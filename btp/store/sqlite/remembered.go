package sqlite

import (
	"bytes"
	"database/sql/driver"
	"slices"
	"strconv"

	"github.com/pairsim/pairsim/btp/store/sqlstore"
)

// Bounds of what a connection remembers. An answer that is larger costs more to keep
// than it saves.
const (
	mostAnswers     = 256
	mostRemembered  = 256 << 10 // bytes
	largestToRecall = 4 << 10   // bytes of one answer
)

// remembered is what views on a connection were answered since the file last changed.
// Whoever waits for something asks for it again and again, and most often nothing has
// changed: a statement costs a few microseconds, and looking at a system takes six.
type remembered struct {
	version uint32
	answers map[question]answer
	size    int
}

// question is a statement with its arguments.
type question struct{ query, args string }

type answer struct {
	rows []sqlstore.Row
	size int
}

// at forgets what is not of this version of the file's contents.
func (m *remembered) at(version uint32) {
	if m.version != version {
		*m = remembered{version: version}
	}
}

func (m *remembered) keep(q question, a answer) {
	if m.answers == nil || len(m.answers) == mostAnswers || m.size+a.size > mostRemembered {
		m.answers, m.size = map[question]answer{}, 0
	}
	m.answers[q] = a
	m.size += a.size
}

// viewing is a connection on whose snapshot a view runs, which is of the version that
// the connection remembers.
type viewing struct{ *conn }

// Query is sqlstore.Conn.
func (v viewing) Query(query string, scan func(sqlstore.Row) error, args ...driver.Value) error {
	text, ok := textOf(args)
	if !ok {
		return v.conn.Query(query, scan, args...)
	}
	q := question{query, text}
	if known, ok := v.remembered.answers[q]; ok {
		for _, row := range known.rows {
			row, _ = copied(row) // it is the caller's
			if err := scan(row); err != nil {
				return err
			}
		}
		return nil
	}
	var a answer
	err := v.conn.Query(query, func(row sqlstore.Row) error {
		if a.size <= largestToRecall {
			kept, size := copied(row)
			a.rows, a.size = append(a.rows, kept), a.size+size
		}
		return scan(row)
	}, args...)
	if err == nil && a.size <= largestToRecall {
		a.size += len(query) + len(text)
		v.remembered.keep(q, a)
	}
	return err
}

// copied is a row that shares no memory with another, and about how many bytes it takes.
func copied(row sqlstore.Row) (sqlstore.Row, int) {
	const column = 32
	row = slices.Clone(row)
	size := len(row) * column
	for i, value := range row {
		switch value := value.(type) {
		case []byte:
			row[i] = bytes.Clone(value)
			size += len(value)
		case string:
			size += len(value)
		}
	}
	return row, size
}

// textOf are arguments as a text that no others have; false for what views do not
// usually ask by.
func textOf(args []driver.Value) (string, bool) {
	text := make([]byte, 0, 64)
	for _, arg := range args {
		switch arg := arg.(type) {
		case string:
			text = append(strconv.AppendInt(append(text, 's'), int64(len(arg)), 10), ':')
			text = append(text, arg...)
		case int64:
			text = strconv.AppendInt(append(text, 'i'), arg, 10)
		case nil:
			text = append(text, 'n')
		default:
			return "", false
		}
	}
	return string(text), true
}
