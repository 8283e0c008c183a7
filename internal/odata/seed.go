package odata

import (
	"fmt"
	"time"

	"github.com/pairsim/pairsim/internal/records"
)

// Row is an entity that a service begins with: values of the properties that it
// gets, in the form in which they are kept.
type Row struct {
	Set    string
	Values map[string]any
}

// Seed creates rows as requests would, at a time that is always the same. A row
// that a request could not create is an error.
func Seed(tx *records.Tx, s *Service, at time.Time, rows []Row) error {
	tx.SetTime(at)
	server := Server{Service: s}
	for i, row := range rows {
		set := s.set(row.Set)
		if set == nil {
			return fmt.Errorf("seed: row %d: there is no entity set %s", i, row.Set)
		}
		if _, err := server.create(tx, set, row.Values); err != nil {
			return fmt.Errorf("seed: row %d of %s: %w", i, row.Set, err)
		}
	}
	return nil
}
