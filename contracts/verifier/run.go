//go:build pact

package verifier

/*
#cgo LDFLAGS: -lpact_ffi
#include <stdlib.h>
typedef struct VerifierHandle VerifierHandle;
VerifierHandle *pactffi_verifier_new_for_application(const char *name, const char *version);
void pactffi_verifier_shutdown(VerifierHandle *handle);
void pactffi_verifier_set_provider_info(VerifierHandle *handle, const char *name, const char *scheme, const char *host, unsigned short port, const char *path);
void pactffi_verifier_add_provider_transport(VerifierHandle *handle, const char *protocol, unsigned short port, const char *path, const char *scheme);
void pactffi_verifier_set_provider_state(VerifierHandle *handle, const char *url, unsigned char teardown, unsigned char body);
int pactffi_verifier_set_verification_options(VerifierHandle *handle, unsigned char disable_ssl_verification, unsigned long request_timeout);
int pactffi_verifier_set_coloured_output(VerifierHandle *handle, unsigned char coloured_output);
void pactffi_verifier_add_file_source(VerifierHandle *handle, const char *file);
int pactffi_verifier_execute(VerifierHandle *handle);
const char *pactffi_verifier_json(const VerifierHandle *handle);
void pactffi_string_delete(char *string);
*/
import "C"

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pairsim/pairsim/contracts/pactfile"
)

// The library calls nobody but a stage, on loopback. It would report to its makers, and
// wait five seconds where it cannot; and it would read all of the system's certificates
// three times for each interaction. Go has read these before they are hidden.
func init() {
	_, _ = x509.SystemCertPool() // one that cannot be read is an error where it is needed
	for name, value := range map[string]string{"PACT_DO_NOT_TRACK": "true", "SSL_CERT_FILE": os.DevNull, "SSL_CERT_DIR": os.DevNull} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
}

// Silence sends what the library prints of each interaction to nowhere; os.Stdout is
// the real output as before. The report says it once, and better.
func Silence() error {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	own, err := unix.Dup(1)
	if err != nil {
		return err
	}
	os.Stdout = os.NewFile(uintptr(own), "stdout")
	return unix.Dup2(int(nowhere.Fd()), 1)
}

// Options say what is verified.
type Options struct {
	Provider string // as the pacts name it
	Files    []pactfile.File
	// Consumer and Description select interactions: the whole name, and a part of the
	// description; empty: all.
	Consumer, Description string
}

// requestTimeout is how long the library waits for an answer of the stage.
const requestTimeout = callTimeout + 5*time.Second

// Verify holds a provider against pacts, one interaction after the other. An error is
// that something could not be verified at all: nothing to verify, a pact of another
// provider. What the provider did otherwise stands in the report.
//
// The library has one call for a whole file that prints its findings; it is given one
// interaction at a time and asked for its findings as JSON (ADR 30).
func Verify(p Provider, o Options) (Report, error) {
	report := Report{Provider: o.Provider}
	dir, err := os.MkdirTemp("", "pairsim-pact")
	if err != nil {
		return report, err
	}
	defer os.RemoveAll(dir)
	for _, f := range o.Files {
		if f.Provider != o.Provider {
			return report, fmt.Errorf("%s is a pact of the provider %q, not of %q", f.Path, f.Provider, o.Provider)
		}
		if o.Consumer != "" && f.Consumer != o.Consumer {
			continue
		}
		results, err := verifyFile(p, f, o, filepath.Join(dir, "pact.json"))
		report.Results = append(report.Results, results...)
		if err != nil {
			return report, err
		}
	}
	if len(report.Results) == 0 {
		return report, fmt.Errorf("nothing was verified: no interaction of %d pact files has the consumer %q and %q in its description",
			len(o.Files), o.Consumer, o.Description)
	}
	return report, nil
}

func verifyFile(p Provider, f pactfile.File, o Options, at string) ([]Result, error) {
	stage, err := NewStage(p, f.Consumer)
	if err != nil {
		return nil, err
	}
	defer stage.Close()
	var results []Result
	for _, i := range f.Interactions {
		if !strings.Contains(i.Description, o.Description) {
			continue
		}
		r, err := verifyOne(stage, f, i, at)
		if err != nil {
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}

func verifyOne(stage *Stage, f pactfile.File, i pactfile.Interaction, at string) (Result, error) {
	r := Result{Consumer: f.Consumer, Provider: f.Provider, Interaction: i}
	alone, err := json.Marshal(map[string]any{
		"consumer": map[string]string{"name": f.Consumer}, "provider": map[string]string{"name": f.Provider},
		list(f, i): []any{i.Raw}, "metadata": map[string]any{"pactSpecification": map[string]string{"version": f.Specification}},
	})
	if err != nil {
		return r, err
	}
	if err := os.WriteFile(at, alone, 0o600); err != nil {
		return r, err
	}
	begun := time.Now()
	found, err := execute(stage, f.Provider, at)
	r.Took = time.Since(begun)
	if err != nil {
		return r, err
	}
	r.Exchange = stage.Recorded()
	r.Differences = append(stage.Notes(), found...)
	if len(r.Differences) == 0 && r.Exchange == nil {
		r.Differences = []string{"the provider was not asked: the Pact library did not carry the interaction out"}
	}
	return r, nil
}

// list is where an interaction stands in its file.
func list(f pactfile.File, i pactfile.Interaction) string {
	if i.Message && f.Specification < "4" {
		return "messages"
	}
	return "interactions"
}

// execute verifies a pact file of one interaction, and returns what is different.
func execute(stage *Stage, provider, file string) ([]string, error) {
	var texts []unsafe.Pointer
	text := func(s string) *C.char {
		c := C.CString(s)
		texts = append(texts, unsafe.Pointer(c))
		return c
	}
	defer func() {
		for _, t := range texts {
			C.free(t)
		}
	}()
	h := C.pactffi_verifier_new_for_application(text("pairsim"), text("1"))
	if h == nil {
		return nil, errors.New("the Pact library makes no verifier")
	}
	defer C.pactffi_verifier_shutdown(h)
	port := C.ushort(stage.port)
	C.pactffi_verifier_set_provider_info(h, text(provider), text("http"), text("127.0.0.1"), port, text("/"))
	C.pactffi_verifier_add_provider_transport(h, text("message"), port, text(messagesPath), text("http"))
	C.pactffi_verifier_set_provider_state(h, text(stage.StateURL), 1, 1)
	C.pactffi_verifier_set_verification_options(h, 0, C.ulong(requestTimeout.Milliseconds()))
	C.pactffi_verifier_set_coloured_output(h, 0)
	C.pactffi_verifier_add_file_source(h, text(file))
	code := C.pactffi_verifier_execute(h)
	raw := C.pactffi_verifier_json(h)
	if raw == nil {
		return nil, fmt.Errorf("the Pact library ended with %d and told nothing", int(code))
	}
	defer C.pactffi_string_delete((*C.char)(unsafe.Pointer(raw)))
	return readFindings([]byte(C.GoString(raw)), int(code))
}
