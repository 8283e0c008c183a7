package rest

import (
	"maps"
	"slices"
	"strconv"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/tokencache"
)

// keyOf is another after every change of the destination, for every user, tenant and
// generation of the environment.
func keyOf(generation uint64, l *looked, user *btp.User) tokencache.Key {
	parts := []string{strconv.FormatUint(generation, 10), string(l.Subaccount), l.Instance, l.query.Tenant, l.ChangedAt.String()}
	all := l.All()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, name, all[name])
	}
	if user != nil {
		parts = append(parts, user.ID, user.Name, user.Email)
	}
	return tokencache.KeyOf(parts...)
}
