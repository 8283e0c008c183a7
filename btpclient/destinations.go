package btpclient

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Destination is where and how the applications of a subaccount reach a system.
type Destination struct {
	Name       string `json:"name"`
	Subaccount string `json:"subaccount"`
	// Properties are those of the destination service; Hidden are the names of those
	// that are secret.
	Properties map[string]string `json:"properties"`
	Hidden     []string          `json:"hidden"`
	// MadeBy is the id of the service instance that made it; "" by hand.
	MadeBy    string    `json:"madeBy,omitempty"`
	ChangedAt time.Time `json:"changedAt"`
}

// FoundDestination is what an application gets to call a target: secrets, all of it.
type FoundDestination struct {
	// Owner has one of the two ids.
	Owner struct {
		Subaccount *string `json:"SubaccountId"`
		Instance   *string `json:"InstanceId"`
	} `json:"owner"`
	// Configuration are all properties, Name among them.
	Configuration map[string]string        `json:"destinationConfiguration"`
	Tokens        []DestinationToken       `json:"authTokens,omitempty"`
	Certificates  []DestinationCertificate `json:"certificates,omitempty"`
}

// DestinationToken is a token for a target, or why there is none.
type DestinationToken struct {
	Type      string             `json:"type"`
	Value     string             `json:"value"`
	ExpiresIn string             `json:"expires_in"` // seconds
	Error     string             `json:"error,omitempty"`
	Scope     string             `json:"scope,omitempty"`
	Header    *DestinationHeader `json:"http_header,omitempty"`
}

// DestinationHeader is sent to the target as it is.
type DestinationHeader struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// DestinationCertificate is a file that a target is called with; Content is base64.
type DestinationCertificate struct {
	Name    string `json:"Name"`
	Content string `json:"Content"`
	Type    string `json:"Type"`
}

// Trust is the certificate that a subaccount's SAML assertions are signed with.
type Trust struct {
	Issuer string `json:"issuer"`
	// Certificate is PEM.
	Certificate string    `json:"certificate"`
	NotAfter    time.Time `json:"notAfter"`
}

func destinationPath(subaccount, name string) string {
	return subaccountPath(subaccount) + "/destinations/" + url.PathEscape(name)
}

var errNoDestination = errors.New("a destination is named")

// Destinations lists the destinations on a subaccount's level.
func (o *Operator) Destinations(ctx context.Context, subaccount string) ([]Destination, error) {
	var answer page[Destination]
	err := o.do(ctx, http.MethodGet, subaccountPath(subaccount)+"/destinations", nil, nil, &answer)
	return answer.Items, err
}

// Destination finds a destination, without its secrets.
func (o *Operator) Destination(ctx context.Context, subaccount, name string) (d Destination, err error) {
	if name == "" {
		return d, errNoDestination
	}
	err = o.do(ctx, http.MethodGet, destinationPath(subaccount, name), nil, nil, &d)
	return d, err
}

// PutDestination makes a destination, or replaces all of its properties.
func (o *Operator) PutDestination(ctx context.Context, subaccount, name string, properties map[string]string) error {
	if name == "" {
		return errNoDestination
	}
	body := map[string]any{"properties": properties}
	return o.do(ctx, http.MethodPut, destinationPath(subaccount, name), nil, body, nil)
}

// DeleteDestination deletes a destination.
func (o *Operator) DeleteDestination(ctx context.Context, subaccount, name string) error {
	if name == "" {
		return errNoDestination
	}
	return o.do(ctx, http.MethodDelete, destinationPath(subaccount, name), nil, nil, nil)
}

// FindDestination finds a destination as an application does that acts for a user;
// "" is nobody.
func (o *Operator) FindDestination(ctx context.Context, subaccount, name, user string) (d FoundDestination, err error) {
	if name == "" {
		return d, errNoDestination
	}
	body := map[string]string{}
	if user != "" {
		body["user"] = user
	}
	err = o.do(ctx, http.MethodPost, destinationPath(subaccount, name)+"/find", nil, body, &d)
	return d, err
}

// Trust reads the certificate that a subaccount's SAML assertions are signed with.
func (o *Operator) Trust(ctx context.Context, subaccount string) (t Trust, err error) {
	err = o.do(ctx, http.MethodGet, subaccountPath(subaccount)+"/trust", nil, nil, &t)
	return t, err
}

// User is a user of a subaccount's identity provider. Password is sent, and never told.
type User struct {
	Subaccount string    `json:"subaccount"`
	Name       string    `json:"name"`
	Email      string    `json:"email"`
	Password   string    `json:"-"`
	ID         string    `json:"id"`
	CreatedAt  time.Time `json:"createdAt"`
}

// CreateUser adds a user; ID and CreatedAt are not read.
func (c *Control) CreateUser(ctx context.Context, want User) (created User, err error) {
	body := map[string]string{"subaccount": want.Subaccount, "name": want.Name, "password": want.Password}
	if want.Email != "" {
		body["email"] = want.Email
	}
	err = c.do(ctx, http.MethodPost, "/control/users", nil, body, &created)
	return created, err
}

// Users lists the users of all subaccounts.
func (c *Control) Users(ctx context.Context) ([]User, error) {
	var answer page[User]
	err := c.do(ctx, http.MethodGet, "/control/users", nil, nil, &answer)
	return answer.Items, err
}

// DeleteUser deletes a user. Tokens that tell of the user are good until they expire.
func (c *Control) DeleteUser(ctx context.Context, subaccount, name string) error {
	return c.do(ctx, http.MethodDelete, "/control/users/"+url.PathEscape(subaccount)+"/"+url.PathEscape(name), nil, nil, nil)
}
