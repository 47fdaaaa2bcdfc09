package house

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// goLibrary matches a go_library as gazelle prints it, and in it the list of
// those who see it.
var goLibrary = regexp.MustCompile(`(?ms)^go_library\(\n.*?^    visibility = (\[.*?\]),\n.*?^\)\n`)

// CheckVisibility returns the packages that Bazel shows to others than the law
// does.
func (l Law) CheckVisibility(t *Tree) []Violation {
	var found []Violation
	for _, dir := range slices.Sorted(maps.Keys(t.packages())) {
		build, want := t.builds[dir], l.visibility(t, dir)
		at := goLibrary.FindStringSubmatchIndex(build)
		switch {
		case at == nil:
			found = append(found, Violation{Place: dir, Text: "BUILD.bazel has no go_library with a visibility; run tools/update"})
		case build[at[2]:at[3]] != want:
			found = append(found, Violation{Place: dir + "/BUILD.bazel", Text: "visibility is not what the law of imports says; run tools/update"})
		}
	}
	return found
}

// FixVisibility writes the visibility that the law gives into the BUILD files
// of the tree, which was loaded from root. Packages without one are left.
func FixVisibility(root string, l Law, t *Tree) error {
	var errs []error
	for dir := range t.packages() {
		build, want := t.builds[dir], l.visibility(t, dir)
		at := goLibrary.FindStringSubmatchIndex(build)
		if at == nil || build[at[2]:at[3]] == want {
			continue
		}
		text := build[:at[2]] + want + build[at[3]:]
		errs = append(errs, os.WriteFile(filepath.Join(root, dir, "BUILD.bazel"), []byte(text), 0o644))
	}
	return errors.Join(errs...)
}

// visibility returns the value of the attribute for a package, in the form
// that buildifier gives it: its own room, and each room that may import it. As
// Bazel does not tell a library from its tests here, this includes rooms of
// which only the tests may; Check tells them apart.
func (l Law) visibility(t *Tree, dir string) string {
	if t.packages()[dir] == "main" {
		return `["//visibility:private"]`
	}
	if isTestHelper(dir) {
		return `["//:__subpackages__"]`
	}
	var labels []string
	for _, r := range l.Rooms {
		if l.allows(r, true, dir) {
			labels = append(labels, fmt.Sprintf("%q", "//"+r.Path+":__subpackages__"))
		}
	}
	slices.Sort(labels)
	if len(labels) == 1 {
		return "[" + labels[0] + "]"
	}
	return "[\n        " + strings.Join(labels, ",\n        ") + ",\n    ]"
}
