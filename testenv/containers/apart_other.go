//go:build !unix

package containers

import "syscall"

// apart: elsewhere a signal of the terminal is ignored, which is enough.
func apart() *syscall.SysProcAttr { return nil }
