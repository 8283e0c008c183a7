package containers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestWhyAContainerDidNotStart(t *testing.T) {
	t.Parallel()
	late := fmt.Errorf("wait until ready: %w", context.DeadlineExceeded)
	for _, test := range []struct {
		err       error
		log, want string
	}{
		{late, "pairsim 1.0\nready\n", "TESTCONTAINERS_HOST_OVERRIDE"},
		{late, "pairsim 1.0\n", ""},
		{errors.New("create container: reaper: new reaper: no such host"), "", "TESTCONTAINERS_RYUK_DISABLED"},
		{errors.New("get state: Error response from daemon: No such container: b009"), "error: unknown flag", "ended before it was ready"},
		{errors.New(`unexpected container status "removing"`), "", "ended before it was ready"},
		{errors.New("port is already allocated"), "", ""},
	} {
		if got := why(test.err, test.log); !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
			t.Errorf("%v: got %q, want %q in it", test.err, got, test.want)
		}
	}
}
