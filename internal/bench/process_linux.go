package main

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// processCPU is the CPU time that all threads of a process have used, to the
// nanosecond: /proc counts in hundredths of a second. The clock's number is that
// of clock_getcpuclockid(3).
func processCPU(pid int) (time.Duration, error) {
	const scheduler = 2
	var used unix.Timespec
	err := unix.ClockGettime(int32(^pid)<<3|scheduler, &used)
	return time.Duration(used.Nano()), err
}
