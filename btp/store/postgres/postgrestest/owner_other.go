//go:build !unix

package postgrestest

import (
	"errors"
	"os/exec"
)

type owner struct{}

func ownerOf(string) (owner, error) {
	return owner{}, errors.New("tests start PostgreSQL on Unix only")
}

func (owner) give(...string) error { return nil }

func (owner) run(*exec.Cmd) {}
