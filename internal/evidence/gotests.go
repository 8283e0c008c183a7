package evidence

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Test is a Go test or fuzz target.
type Test struct {
	// Dir is its package's folder, File the name of its file.
	Dir, File, Name string
	// Rules are the ids in its doc comment.
	Rules []string
	// Calls are the requests that it writes out, as "GET /api/v1/systems/{}".
	Calls []string
	// Faults says that it makes a step fail on purpose.
	Faults bool
}

// ruleLine is how a comment names rules: one id or several, separated by commas.
var ruleLine = regexp.MustCompile(`(?m)^\s*(?:#|//)?\s*Rule: ([a-z0-9-]+(?:, [a-z0-9-]+)*)$`)

func rulesIn(comment string) (ids []string) {
	for _, found := range ruleLine.FindAllStringSubmatch(comment, -1) {
		ids = append(ids, strings.Split(found[1], ", ")...)
	}
	return ids
}

// faultCalls are what tests call to set a fault.
var faultCalls = []string{"AddFault", "ApplyRecipe", "Recipe", "WithFault", "AddFaults"}

// skipped are folders without tests of ours.
var skipped = []string{"node_modules", "testdata", "dist", "bin", "docs", "web"}

// Tests reads every _test.go file, whatever its build tags.
func Tests(files fs.FS) (list []Test, err error) {
	packages := map[string]*source{}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (slices.Contains(skipped, d.Name()) || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		dir := path.Dir(name)
		if packages[dir] == nil {
			packages[dir] = &source{dir: dir, functions: map[string]*ast.FuncDecl{}, texts: texts{}}
		}
		return packages[dir].read(files, name)
	})
	if err != nil {
		return nil, fmt.Errorf("read the tests: %w", err)
	}
	exported := texts{}
	for _, p := range packages {
		for name, text := range p.texts {
			if ast.IsExported(name) {
				exported.set(name, text)
			}
		}
	}
	for _, p := range packages {
		list = append(list, p.finished(exported)...)
	}
	slices.SortFunc(list, func(a, b Test) int { return strings.Compare(a.Dir+a.Name, b.Dir+b.Name) })
	return list, nil
}

// source is a package with its tests.
type source struct {
	dir       string
	functions map[string]*ast.FuncDecl // of test files, without methods, by name
	files     []*ast.File
	texts     texts // of constants and variables outside of functions
	tests     []Test
}

// texts are what constants and variables say, by name; "" where one name says several
// things.
type texts map[string]string

func (t texts) set(name, text string) {
	if before, there := t[name]; there && before != text {
		text = ""
	}
	t[name] = text
}

// declared adds what is declared in a file or function.
func (t texts) declared(in ast.Node) {
	ast.Inspect(in, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return in == n // what is within one is its own
		case *ast.ValueSpec:
			for i, value := range n.Values {
				if text, known := t.of(value); known && i < len(n.Names) {
					t.set(n.Names[i].Name, text)
				}
			}
		case *ast.AssignStmt:
			for i, value := range n.Rhs {
				name, ok := n.Lhs[min(i, len(n.Lhs)-1)].(*ast.Ident)
				if text, known := t.of(value); known && ok && len(n.Lhs) == len(n.Rhs) {
					t.set(name.Name, text)
				}
			}
		}
		return true
	})
}

// finished are the tests, where also those set a fault that call a function of the
// package that does.
func (s *source) finished(exported texts) []Test {
	var setting []string
	for name, f := range s.functions {
		if faultsIn(f.Body, nil) {
			setting = append(setting, name)
		}
	}
	for _, file := range s.files { // again: what was declared by constants of other files is known now
		s.texts.declared(file)
	}
	for i, t := range s.tests {
		f := s.functions[t.Name]
		known := maps.Clone(exported)
		maps.Copy(known, s.texts)
		known.declared(f)
		s.tests[i].Calls = known.callsIn(f.Body)
		s.tests[i].Faults = faultsIn(f.Body, setting)
	}
	return s.tests
}

var testName = regexp.MustCompile(`^(Test|Fuzz)($|[^a-z])`)

func (s *source) read(files fs.FS, name string) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	s.files = append(s.files, file)
	s.texts.declared(file)
	if !strings.HasSuffix(name, "_test.go") {
		return nil
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil || f.Recv != nil {
			continue
		}
		s.functions[f.Name.Name] = f
		if f.Name.Name != "TestMain" && testName.MatchString(f.Name.Name) {
			t := Test{Dir: s.dir, File: path.Base(name), Name: f.Name.Name, Rules: rulesIn(f.Doc.Text())}
			s.tests = append(s.tests, t)
		}
	}
	return nil
}

// faultsIn tells whether a body sets a fault, itself or by one of these functions.
func faultsIn(body ast.Node, by []string) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				found = found || slices.Contains(faultCalls, f.Sel.Name)
			case *ast.Ident:
				found = found || slices.Contains(by, f.Name)
			}
		}
		return !found
	})
	return found
}

// callsIn are the requests that a body writes out: a call, or a row of a table, that has
// a method and a path.
func (t texts) callsIn(body ast.Node) (calls []string) {
	ast.Inspect(body, func(n ast.Node) bool {
		var parts []ast.Expr
		switch n := n.(type) {
		case *ast.CallExpr:
			parts = n.Args
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					e = pair.Value
				}
				parts = append(parts, e)
			}
		}
		var method, at string
		for _, part := range parts {
			text, known := t.of(part)
			switch {
			case method == "" && known && slices.Contains(methods, text):
				method = text
			case at == "" && known && strings.Contains(text, "/"):
				at = pathIn(text)
			}
		}
		if call := method + " " + at; method != "" && at != "" && !slices.Contains(calls, call) {
			calls = append(calls, call)
		}
		return true
	})
	return calls
}

var methods = []string{"GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"}

// hole stands for what is only known when the test runs.
const hole = "{}"

// of is the text of an expression, with holes.
func (t texts) of(e ast.Expr) (text string, known bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		if text := t[e.Name]; text != "" {
			return text, true
		}
		return hole, false
	case *ast.SelectorExpr: // http.MethodPost, or a constant of another package
		if name, ok := strings.CutPrefix(e.Sel.Name, "Method"); ok {
			return strings.ToUpper(name), true
		}
		if text := t[e.Sel.Name]; text != "" {
			return text, true
		}
		return hole, false
	case *ast.BinaryExpr:
		left, one := t.of(e.X)
		right, other := t.of(e.Y)
		return left + right, e.Op == token.ADD && (one || other)
	case *ast.CallExpr: // fmt.Sprintf("/api/v1/systems/%s", id)
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" && len(e.Args) > 0 {
			format, known := t.of(e.Args[0])
			return verb.ReplaceAllString(format, hole), known
		}
	}
	return hole, false
}

var (
	verb = regexp.MustCompile(`%[a-z]`)
	// before is what may stand before a path: a server, or a hole for one.
	before = regexp.MustCompile(`^(?:\{\}|https?://[^/]*)+(/.*)$`)
)

// pathIn is the path of a URL, without its query; "" for another text.
func pathIn(text string) string {
	if found := before.FindStringSubmatch(text); found != nil {
		text = found[1]
	}
	text, _, _ = strings.Cut(text, "?")
	if !strings.HasPrefix(text, "/") || strings.ContainsAny(text, " \n<\"") {
		return ""
	}
	return text
}
