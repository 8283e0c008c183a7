//go:build unix

package containers

import "syscall"

// apart keeps what a terminal or a runner sends to the test's process group from the
// watchdog.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
