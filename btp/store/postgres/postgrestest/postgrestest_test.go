package postgrestest_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
)

// asChild makes the test's process one that starts a server and waits to be killed.
const asChild = "PAIRSIM_POSTGRESTEST_CHILD"

// A server ends with the process that started it, also when that is killed.
func TestEndsWithItsProcess(t *testing.T) {
	if os.Getenv(asChild) != "" {
		s, err := postgrestest.Start(t.Context())
		if errors.Is(err, postgrestest.ErrMissing) && os.Getenv("CI") != "true" {
			fmt.Println("missing", err)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		address, err := s.Database(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("address", address)
		select {}
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEndsWithItsProcess$", "-test.count=1")
	child.Env, child.Stderr = append(os.Environ(), asChild+"=1"), os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var server string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if why, missing := strings.CutPrefix(lines.Text(), "missing "); missing {
			_ = child.Wait()
			t.Skipf("NOT RUN: %s", why)
		}
		if address, ok := strings.CutPrefix(lines.Text(), "address "); ok {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			server = u.Host
			if err := child.Process.Kill(); err != nil { // and read on until it is dead
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if server == "" {
		t.Fatal("the child started no server")
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	tooLate := time.After(30 * time.Second)
	for {
		c, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		_ = c.Close()
		select {
		case <-look.C:
		case <-tooLate:
			t.Fatal("the server is still there")
		}
	}
}
