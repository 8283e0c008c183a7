//go:build containers

package containers_test

import (
	"os/exec"
	"syscall"
)

// asNobody runs a program as a user without any right.
func asNobody(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}
