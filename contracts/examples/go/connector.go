package example

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// Info is what a connector reads of the answer to its integration token.
type Info struct {
	CSRURL      string `json:"csrUrl"`
	Certificate struct {
		Subject string `json:"subject"`
	} `json:"certificate"`
}

// RefusedError is an integration token that the registry did not take.
type RefusedError struct {
	Status int
	Reason string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the registry answered %d (%s)", e.Status, e.Reason)
}

// Present presents an integration token at a registry.
func Present(ctx context.Context, registry, token string) (info Info, err error) {
	target := registry + "/v1/applications/signingRequests/info?token=" + url.QueryEscape(token)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return info, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return info, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return info, &RefusedError{res.StatusCode, res.Header.Get("Pairsim-Reason")}
	}
	err = json.NewDecoder(res.Body).Decode(&info)
	return info, err
}
