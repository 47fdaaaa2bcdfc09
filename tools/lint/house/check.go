package house

import (
	"go/ast"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Check returns what breaks the law or a habit in the tree's Go files.
func (l Law) Check(t *Tree) []Violation {
	var found []Violation
	for _, f := range t.source {
		found = append(found, l.checkImports(t, f)...)
		found = append(found, l.checkEnvironment(t, f)...)
		found = append(found, checkInit(t, f)...)
	}
	return append(found, checkPackageComments(t)...)
}

func (l Law) checkImports(t *Tree, f sourceFile) []Violation {
	room, ok := l.room(f.dir)
	if !ok {
		return []Violation{t.violation(f.ast.Package, "package %s is in no room of the law; add it to tools/lint/house/law.go and docs/architecture.md", f.dir)}
	}
	var found []Violation
	tests := f.test || isTestHelper(f.dir)
	for _, spec := range f.ast.Imports {
		pkg, ours := strings.CutPrefix(importPath(spec), l.Module+"/")
		if ours && !l.allows(room, tests, pkg) {
			found = append(found, t.violation(spec.Pos(), "%s must not import %s%s", room.Path, pkg, inTests(tests)))
		}
	}
	return found
}

func inTests(tests bool) string {
	if tests {
		return ", not even in tests"
	}
	return ""
}

// environmentPackages parse a program's flags or environment.
var environmentPackages = map[string]bool{
	"flag":                   true,
	"github.com/spf13/cobra": true,
	"github.com/spf13/pflag": true,
	"github.com/spf13/viper": true,
}

// environmentFunctions are those of package os that read the environment or
// the command line.
var environmentFunctions = map[string]bool{"Args": true, "Environ": true, "ExpandEnv": true, "Getenv": true, "LookupEnv": true}

func (l Law) checkEnvironment(t *Tree, f sourceFile) []Violation {
	room, ok := l.room(f.dir)
	if !ok || room.ReadsEnvironment || f.test || isTestHelper(f.dir) {
		return nil
	}
	const rule = "only kallad/ reads flags and the environment; take a Config field instead of %s"
	var found []Violation
	osName := ""
	for _, spec := range f.ast.Imports {
		pkg := importPath(spec)
		if environmentPackages[pkg] {
			found = append(found, t.violation(spec.Pos(), rule, pkg))
		}
		if pkg == "os" {
			osName = "os"
			if spec.Name != nil {
				osName = spec.Name.Name
			}
		}
	}
	for n := range ast.Preorder(f.ast) {
		if sel, ok := n.(*ast.SelectorExpr); ok && osName != "" && environmentFunctions[sel.Sel.Name] {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == osName {
				found = append(found, t.violation(sel.Pos(), rule, "os."+sel.Sel.Name))
			}
		}
	}
	return found
}

// checkInit finds init functions, except in generated code.
func checkInit(t *Tree, f sourceFile) []Violation {
	if ast.IsGenerated(f.ast) {
		return nil
	}
	var found []Violation
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			found = append(found, t.violation(fn.Pos(), "no init functions: let main, or a constructor, do it"))
		}
	}
	return found
}

// checkPackageComments finds packages in which no file says what it is for.
func checkPackageComments(t *Tree) []Violation {
	commented := map[string]bool{}
	for _, f := range t.source {
		if !f.test && strings.TrimSpace(f.ast.Doc.Text()) != "" {
			commented[f.dir] = true
		}
	}
	var found []Violation
	for _, dir := range slices.Sorted(maps.Keys(t.packages())) {
		if !commented[dir] {
			found = append(found, Violation{Place: dir, Text: "no package comment: say its job, then what it must not know"})
		}
	}
	return found
}

func importPath(spec *ast.ImportSpec) string {
	pkg, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return pkg
}
