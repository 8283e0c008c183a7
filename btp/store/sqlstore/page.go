package sqlstore

import (
	"database/sql/driver"
	"fmt"
	"math"
)

// paged is the WHERE of a list and its arguments. Every list has the first
// three: ?1 the environment, ?2 the sequence behind which the page starts, ?3 its
// length.
type paged struct {
	where string
	args  []driver.Value
}

// paging starts the filter of a page; it is false when nothing can lie behind after.
func (t *tx) paging(after uint64, limit int) (paged, bool) {
	length := int64(limit)
	if length <= 0 {
		length = math.MaxInt64
	}
	return paged{args: []driver.Value{t.env, int64(after), length}}, after <= math.MaxInt64
}

// add wants a column to have a value; an empty value selects all.
func (p *paged) add(column, value string) {
	if value != "" {
		p.args = append(p.args, value)
		p.where += fmt.Sprintf(` AND %s = ?%d`, column, len(p.args))
	}
}
