package landscapetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// WriteProgram writes a file that is about to be carried out. No process is started
// meanwhile: it would have the file open for writing until it is itself, and who
// carries the file out would be told that it is busy.
func WriteProgram(path string, content []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, content, 0o755) //nolint:gosec // others than its owner may carry it out
}

// Children are the processes that a process has started and that still run, on Linux.
func Children(t testing.TB, of int) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(all) == 0 {
		t.Fatalf("the processes of this machine are not to be found (%v)", err)
	}
	for _, folder := range all {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			t.Fatal(err)
		}
		if _, parent := stateOf(pid); parent == of && Runs(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Runs says whether a process is there, and not a dead one that nobody has asked for.
func Runs(pid int) bool {
	state, _ := stateOf(pid)
	return state != "" && state != "Z"
}

// stateOf is that of a process, "" when it is not there, and its parent.
func stateOf(pid int) (state string, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if parent, err = strconv.Atoi(fields[1]); err != nil {
		return "", 0
	}
	return fields[0], parent
}
