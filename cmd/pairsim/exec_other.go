//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// passedOn are the signals that exec passes on.
var passedOn = []os.Signal{os.Interrupt}

// group is the command alone: there are no process groups here.
type group struct{}

func ownGroup(*exec.Cmd) group { return group{} }

func (group) signal(c *exec.Cmd, s os.Signal) { _ = c.Process.Signal(s) } // it may have ended

func (group) end(*exec.Cmd) {}

func statusOf(p *os.ProcessState) int { return p.ExitCode() }
