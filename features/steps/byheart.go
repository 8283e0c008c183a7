package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// connectorsPairUntilMoved pairs with a system after the other: what a pairing is told is drawn once.
func (w *world) connectorsPairUntilMoved(ctx context.Context) error {
	for range often {
		if err := w.theTokenURLOfASystem(ctx); err != nil {
			return err
		}
		if err := w.theConnectorPairsPatiently(ctx); err != nil {
			return err
		}
		if w.wire.info.API.MetadataURL != w.wire.manage.URLs.MetadataURL {
			return nil
		}
	}
	return errors.New("the addresses of the first answer are never others")
}

func (w *world) theFirstAddressIs(ctx context.Context, how string) error {
	if err := w.call(ctx, http.MethodGet, w.wire.info.API.MetadataURL, nil, w.wire.own); err != nil {
		return err
	}
	return w.itIsAnsweredWith(map[string]int{"not found": http.StatusNotFound, "answered": http.StatusOK}[how], "")
}

// keys are the ids of the registry's signing keys.
func (w *world) keys(ctx context.Context) (ids []string, err error) {
	a, err := w.ask(ctx, http.MethodGet, w.landscape.HTTP()+"/.well-known/jwks.json", "")
	if err != nil {
		return nil, err
	}
	var set struct{ Keys []struct{ Kid string } }
	err = json.Unmarshal(a.body, &set)
	for _, k := range set.Keys {
		ids = append(ids, k.Kid)
	}
	return ids, err
}

func (w *world) somebodyReadsKeysUntilRotated(ctx context.Context) (err error) {
	if err := w.open(ctx); err != nil {
		return err
	}
	for range often {
		before := w.keySet
		if w.keySet, err = w.keys(ctx); err != nil {
			return err
		}
		if before != nil && len(w.keySet) > len(before) {
			w.keySet = before
			return nil
		}
	}
	return errors.New("the key is never rotated")
}

func (w *world) aNewTokenHasAnotherKey(ctx context.Context) error {
	if err := w.theOperatorHasRegistered(ctx, "SAP Commerce Cloud", "Rotated"); err != nil {
		return err
	}
	token, err := w.newest(w.present)
	if err != nil {
		return err
	}
	read, _, err := jwt.NewParser().ParseUnverified(token.Token, jwt.MapClaims{})
	if err != nil {
		return errors.New("the token is no JWT") // the cause might quote it
	}
	if kid, _ := read.Header["kid"].(string); kid == "" || slices.Contains(w.keySet, kid) {
		return fmt.Errorf("the token is signed by %s, which is one of %s", kid, strings.Join(w.keySet, ", "))
	}
	return nil
}
