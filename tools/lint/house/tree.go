package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// Tree is a module's source, parsed.
type Tree struct {
	files  *token.FileSet
	source []sourceFile
	// builds are the texts of the BUILD.bazel files by their folder.
	builds map[string]string
}

// sourceFile is one Go file. Files for other platforms are there as well.
type sourceFile struct {
	// dir is the package's path below the module.
	dir  string
	test bool
	ast  *ast.File
}

// Violation is one breach of a rule.
type Violation struct {
	// Place is file:line:column, or a folder.
	Place string
	Text  string
}

func (v Violation) String() string { return v.Place + ": " + v.Text }

// Load reads the Go and BUILD files of the module at the root of fsys. Test
// data, hidden folders, Bazel's links and other modules further down are not
// part of it.
func Load(fsys fs.FS) (*Tree, error) {
	t := &Tree{files: token.NewFileSet(), builds: map[string]string{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skipFolder(fsys, name)
		case path.Base(name) == "BUILD.bazel" || path.Ext(name) == ".go":
			return t.add(fsys, name)
		}
		return nil
	})
	return t, err
}

func skipFolder(fsys fs.FS, name string) error {
	base := path.Base(name)
	if name == "." {
		return nil
	}
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "bazel-") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(fsys, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func (t *Tree) add(fsys fs.FS, name string) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	if path.Base(name) == "BUILD.bazel" {
		t.builds[path.Dir(name)] = string(text)
		return nil
	}
	file, err := parser.ParseFile(t.files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse Go file: %w", err)
	}
	t.source = append(t.source, sourceFile{dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), ast: file})
	return nil
}

func (t *Tree) violation(at token.Pos, format string, args ...any) Violation {
	return Violation{Place: t.files.Position(at).String(), Text: fmt.Sprintf(format, args...)}
}

// packages returns the name of the package in each folder that has code
// besides tests.
func (t *Tree) packages() map[string]string {
	names := map[string]string{}
	for _, f := range t.source {
		if !f.test {
			names[f.dir] = f.ast.Name.Name
		}
	}
	return names
}
