// Package secret keeps secrets out of what is told again: journals, logs, paths
// in answers. A text from outside may hold one in any place; what looks like a
// token or a key is masked there, whoever wrote it. Where a document has to hold
// secrets, Text marks them.
package secret

import (
	"context"
	"log/slog"
	"strings"
)

// Masked stands where a secret stood.
const Masked = "***"

// A run of letters and digits is taken for a secret when it is this long and
// mixes capitals, small letters and digits as no word does. Ids of pairsim, in
// small hexadecimal digits, never look like one.
const (
	shortest = 24 // bytes; from here on one that changes between them all the time
	long     = 40 // bytes; from here on any
)

// Mask replaces what looks like a secret in text: tokens (JWS, random bytes in
// base64), keys in PEM. It does not know passwords that people choose.
func Mask(text string) string {
	if len(text) < shortest {
		return text
	}
	var b *strings.Builder
	kept := 0 // bytes of text that b has seen
	for i := 0; i < len(text); {
		if !partOfRun(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && partOfRun(text[i]) {
			i++
		}
		if !looksSecret(text[start:i]) {
			continue
		}
		if b == nil {
			b = &strings.Builder{}
		}
		b.WriteString(text[kept:start])
		b.WriteString(Masked)
		kept = i
	}
	if b == nil {
		return text
	}
	b.WriteString(text[kept:])
	return b.String()
}

// classes sort the bytes of base64, in either alphabet, and of its padding; 0 is
// everything else.
var classes = func() (classes [256]byte) {
	for c := range classes {
		switch c := byte(c); {
		case c >= 'a' && c <= 'z':
			classes[c] = 'a'
		case c >= 'A' && c <= 'Z':
			classes[c] = 'A'
		case c >= '0' && c <= '9':
			classes[c] = '0'
		case c == '-' || c == '_' || c == '+' || c == '=':
			classes[c] = '-'
		}
	}
	return classes
}()

func partOfRun(c byte) bool { return classes[c] != 0 }

func looksSecret(run string) bool {
	if len(run) < shortest {
		return false
	}
	var small, capital, digit bool
	changes := 0
	before := byte('-')
	for i := range len(run) {
		now := classes[run[i]]
		switch now {
		case 'a':
			small = true
		case 'A':
			capital = true
		case '0':
			digit = true
		}
		if now != before && now != '-' && before != '-' {
			changes++
		}
		before = now
	}
	// Of ten random bytes five change or six, of CamelCase words two.
	share := changes * 100 / len(run)
	if !small || !capital {
		return false
	}
	return share >= 35 || len(run) >= long && (digit || share >= 28)
}

// LogHandler masks what h logs: the message, and every attribute as text.
func LogHandler(h slog.Handler) slog.Handler { return handler{h} }

type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	masked := slog.NewRecord(r.Time, r.Level, Mask(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		masked.AddAttrs(mask(a))
		return true
	})
	return h.Handler.Handle(ctx, masked)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	masked := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		masked[i] = mask(a)
	}
	return handler{h.Handler.WithAttrs(masked)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

func mask(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() { //nolint:exhaustive // the others are numbers and instants
	case slog.KindString, slog.KindAny:
		return slog.String(a.Key, Mask(v.String()))
	case slog.KindGroup:
		group := v.Group()
		masked := make([]slog.Attr, len(group))
		for i, one := range group {
			masked[i] = mask(one)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(masked...)}
	}
	return a
}
