package pattern_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/internal/pattern"
)

// TestAllPatterns compiles every pattern of the module, which a program does when it first
// needs it.
func TestAllPatterns(t *testing.T) {
	t.Parallel()
	found := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || len(d.Name()) > 2 && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		found += compileAll(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 40 {
		t.Errorf("found %d patterns, want those of the whole module", found)
	}
}

// compileAll compiles the patterns of a file, and counts them.
func compileAll(t *testing.T, path string) (found int) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || !isNew(call.Fun) {
			return true
		}
		found++
		at := files.Position(call.Pos())
		literal, is := call.Args[0].(*ast.BasicLit)
		if !is {
			t.Errorf("%s: the expression is no literal", at)
			return true
		}
		expression, err := strconv.Unquote(literal.Value)
		if err == nil {
			_, err = regexp.Compile(expression)
		}
		if err != nil {
			t.Errorf("%s: %v", at, err)
		}
		return true
	})
	return found
}

func isNew(function ast.Expr) bool {
	selector, is := function.(*ast.SelectorExpr)
	if !is || selector.Sel.Name != "New" {
		return false
	}
	of, is := selector.X.(*ast.Ident)
	return is && of.Name == "pattern"
}

func TestPattern(t *testing.T) {
	t.Parallel()
	p := pattern.New(`^a+$`)
	if short := p.AtMost(2); !short.MatchString("aa") || short.MatchString("aaa") {
		t.Error("want up to two bytes")
	}
	if !p.MatchString("aa") || p.MatchString("ab") || p.String() != "^a+$" || p.Regexp().FindString("aaa") != "aaa" {
		t.Error("it judges otherwise than its expression")
	}
}
