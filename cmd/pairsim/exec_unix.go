//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// passedOn are the signals that exec passes on.
var passedOn = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGCONT,
}

// group is a process group of a command's own. At a terminal it is the one in the
// foreground, or it could not read from there.
type group struct{ foreground bool }

func ownGroup(c *exec.Cmd) group {
	g := group{foreground: terminal(c.Stdin) && inForeground()}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if g.foreground {
		c.SysProcAttr.Foreground, c.SysProcAttr.Ctty = true, unix.Stdin
	}
	return g
}

func inForeground() bool {
	pgid, err := unix.IoctlGetInt(unix.Stdin, unix.TIOCGPGRP)
	return err == nil && pgid == unix.Getpgrp()
}

func (g group) signal(c *exec.Cmd, s os.Signal) {
	if number, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(-c.Process.Pid, number) // it may have ended
	}
}

// end ends what a command left behind, and takes the terminal back. A process that is
// killed is still there for a moment, which is waited for as well.
func (g group) end(c *exec.Cmd) {
	gone := func(s syscall.Signal) bool { return errors.Is(syscall.Kill(-c.Process.Pid, s), syscall.ESRCH) }
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if gone(s) {
			break
		}
		until := time.Now().Add(leftoverTime)
		for !gone(0) && time.Now().Before(until) {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if g.foreground {
		signal.Ignore(syscall.SIGTTOU) // we are in the background until this is done
		_ = unix.IoctlSetPointerInt(unix.Stdin, unix.TIOCSPGRP, unix.Getpgrp())
		signal.Reset(syscall.SIGTTOU)
	}
}

// statusOf is a process's exit status, as shells tell it.
func statusOf(p *os.ProcessState) int {
	if w, ok := p.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return exitSignalled + int(w.Signal())
	}
	return p.ExitCode()
}
