package btp

import "context"

type accountScope struct{}

// InAccount limits what the rules show to the objects of one global account:
// another account's object is not found (design §4 boundaries). Without it, as
// without --auth, every object is there.
func InAccount(ctx context.Context, ga GlobalAccountID) context.Context {
	return context.WithValue(ctx, accountScope{}, ga)
}
