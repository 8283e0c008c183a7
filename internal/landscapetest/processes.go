package landscapetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

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
