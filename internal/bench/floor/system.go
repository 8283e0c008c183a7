package main

import "time"

// system has the shape and size of the registry's answer.
type system struct {
	ID               string            `json:"id"`
	Name             string            `json:"name"`
	Type             string            `json:"type"`
	GlobalAccount    string            `json:"globalAccount"`
	Edition          string            `json:"edition"`
	Status           status            `json:"status"`
	ApplicationName  string            `json:"applicationName"`
	CreatedAt        time.Time         `json:"createdAt"`
	UpdatedAt        time.Time         `json:"updatedAt"`
	Token            tokenState        `json:"token"`
	Services         []string          `json:"services"`
	Certificates     []string          `json:"certificates"`
	IntegrationToken *integrationToken `json:"integrationToken,omitempty"`
}

type status struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

type tokenState struct {
	State     string    `json:"state"`
	IssuedAt  time.Time `json:"issuedAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

type integrationToken struct {
	Token            string    `json:"token"`
	TokenURL         string    `json:"tokenUrl"`
	Encoded          string    `json:"encoded"`
	IssuedAt         time.Time `json:"issuedAt"`
	ExpiresAt        time.Time `json:"expiresAt"`
	RemainingSeconds int       `json:"remainingSeconds"`
}

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 123456789, time.UTC)

// exampleSystem is a system whose token has not been used.
var exampleSystem = system{
	ID: "5f0c8a1e-0000-8000-8000-000000000001", Name: "bench 1-0001", Type: "SAP Commerce Cloud", GlobalAccount: "default", Edition: "v1",
	Status: status{"pending", "Pending"}, ApplicationName: "mp-bench-1-0001", CreatedAt: epoch, UpdatedAt: epoch,
	Token: tokenState{"live", epoch.Truncate(time.Second), epoch.Truncate(time.Second)}, Services: []string{}, Certificates: []string{},
}
