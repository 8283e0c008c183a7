//go:build unix

package postgrestest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// owner is the user that runs the server, which refuses to be run by root.
type owner struct{ uid, gid int }

// ownerOf is the user of this process or, for root, another without rights.
func ownerOf(string) (owner, error) {
	if os.Getuid() != 0 {
		return owner{os.Getuid(), os.Getgid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		return owner{uid, gid}, errors.Join(err1, err2)
	}
	return owner{}, fmt.Errorf("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

// give lets the owner have files.
func (o owner) give(paths ...string) error {
	var errs []error
	for _, p := range paths {
		errs = append(errs, os.Chown(p, o.uid, o.gid))
	}
	return errors.Join(errs...)
}

// run makes a command the owner's, and keeps it from the signals of the terminal.
func (o owner) run(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
}
