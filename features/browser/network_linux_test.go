//go:build browser

package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownNetwork marks the process that has a network of its own.
const ownNetwork = "PAIRSIM_BROWSER_OWN_NETWORK"

// aloneInANetwork runs the tests in a network namespace that has nothing but loopback.
//
// Chromium drops its connections, with ERR_NETWORK_CHANGED, whenever an address of the
// machine comes or goes, as networks of containers do beside these tests; its network
// service watches the kernel's table of addresses, and has no switch to leave that. In
// a namespace of their own the addresses never change. It cuts the network, too: the
// cockpit must work without one. Where that is not allowed it returns false.
func aloneInANetwork() (code int, ran bool, err error) {
	if os.Getenv(ownNetwork) != "" {
		return 0, false, loopbackUp()
	}
	for _, flags := range []uintptr{unix.CLONE_NEWNET, unix.CLONE_NEWNET | unix.CLONE_NEWUSER} {
		if code, err = runWith(flags); err == nil {
			return code, true, nil
		}
	}
	return 0, false, err
}

// runWith runs this program again in namespaces of its own, and returns how it ended.
func runWith(flags uintptr) (int, error) {
	runtime.LockOSThread() // the child dies with the thread that made it
	defer runtime.UnlockOSThread()
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.Env = append(os.Environ(), ownNetwork+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	if flags&unix.CLONE_NEWUSER != 0 {
		again.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		again.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := again.Start(); err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGQUIT, syscall.SIGINT, syscall.SIGTERM) // go test asks for stacks
	defer signal.Stop(signals)
	go func() {
		for s := range signals {
			_ = again.Process.Signal(s) // it may have ended
		}
	}()
	err := again.Wait()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return max(ended.ExitCode(), 1), nil
	}
	return 0, err
}

func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, lo); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	lo.SetUint16(lo.Uint16() | unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo)
}
