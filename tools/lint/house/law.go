package house

import "strings"

// Law says which rooms there are and who may import whom.
type Law struct {
	// Module is the module's path.
	Module string
	// Rooms are the module's parts.
	Rooms []Room
}

// Room is a folder with all packages in and below it, except those of a room
// further down. Packages of one room may import each other.
//
// A pattern is a package's path below the module, or a path and "/..." for
// that package and all below it.
type Room struct {
	// Path is the folder, below the module.
	Path string
	// Imports are patterns of the packages that the room's code may import.
	Imports []string
	// TestImports are those that its tests may import besides.
	TestImports []string
	// ReadsEnvironment is whether its code may read flags and the environment.
	ReadsEnvironment bool
}

// Kallad is the law of this repository. The same table, for people, is in
// docs/architecture.md.
func Kallad() Law {
	return Law{Module: "kallad", Rooms: []Room{
		{Path: "worker/recon"},
		{Path: "worker/blob"},
		{Path: "worker/config"},
		{Path: "worker/health"},
		{Path: "worker/metrics"},
		{Path: "worker/lifecycle"},
		{Path: "worker/auth"},
		{Path: "worker/trace"},
		{Path: "worker/reach"},
		{Path: "worker/journal"},
		{Path: "worker/client", Imports: []string{"worker/recon", "worker/auth", "worker/trace"}},
		{Path: "worker/source", Imports: []string{"worker/recon", "worker/blob", "worker/reach"}},
		{Path: "worker/evidence", Imports: []string{"worker/recon", "worker/blob"}},
		{Path: "worker/callback", Imports: []string{"worker/recon", "worker/blob", "worker/reach", "worker/trace"}},

		{Path: "ballista/proto"},
		{Path: "ballista/plan", TestImports: []string{"ballista/engine"}},
		{Path: "ballista/engine"},
		{
			Path:    "ballista/cell",
			Imports: []string{"ballista/plan", "ballista/engine", "worker/recon", "worker/trace"},
			// Its tests run real jobs.
			TestImports: []string{"ballista/executor", "ballista/scheduler", "ballista/shuffle", "ballista/proto/...", "worker/source"},
		},
		{Path: "ballista/shuffle", Imports: []string{"ballista/proto/...", "worker/auth"}},
		{Path: "ballista/scheduler", Imports: []string{"ballista/plan", "ballista/shuffle", "ballista/proto/...", "worker/metrics", "worker/lifecycle", "worker/auth"}},
		{Path: "ballista/executor", Imports: []string{
			"ballista/plan", "ballista/engine", "ballista/shuffle", "ballista/proto/...",
			"worker/source", "worker/recon", "worker/metrics", "worker/lifecycle", "worker/auth", "worker/trace",
		}},
		{Path: "ballista/client", Imports: []string{"ballista/plan", "ballista/proto/...", "worker/source/...", "worker/recon"}},
		{
			Path:    "ballista/runner",
			Imports: []string{"ballista/plan", "ballista/shuffle", "worker/..."},
			// Its tests run real queries, through the interfaces that it declares.
			TestImports: []string{"ballista/engine", "ballista/executor", "ballista/scheduler", "ballista/proto/..."},
		},
		{Path: "ballista/api", Imports: []string{"worker/recon", "worker/health", "worker/metrics", "worker/auth", "worker/trace"}},

		{Path: "kallad", Imports: []string{"worker/...", "ballista/..."}, ReadsEnvironment: true},
		{Path: "bench", Imports: []string{"worker/recon"}, ReadsEnvironment: true},
		{Path: "e2e", Imports: []string{"worker/recon"}, ReadsEnvironment: true},
		{Path: "examples"},
		{Path: "tools", ReadsEnvironment: true},
	}}
}

// room returns the room of a package, the one furthest down.
func (l Law) room(pkg string) (Room, bool) {
	var found Room
	for _, r := range l.Rooms {
		if within(pkg, r.Path) && len(r.Path) > len(found.Path) {
			found = r
		}
	}
	return found, found.Path != ""
}

// allows reports whether code of room r, or its tests, may import pkg.
func (l Law) allows(r Room, tests bool, pkg string) bool {
	if of, ok := l.room(pkg); ok && of.Path == r.Path && (tests || !isTestHelper(pkg)) {
		return true
	}
	if isTestHelper(pkg) {
		return tests
	}
	return matchesAny(pkg, r.Imports) || tests && matchesAny(pkg, r.TestImports)
}

func matchesAny(pkg string, patterns []string) bool {
	for _, p := range patterns {
		if folder, below := strings.CutSuffix(p, "/..."); below && within(pkg, folder) || pkg == p {
			return true
		}
	}
	return false
}

func within(pkg, folder string) bool {
	return pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// isTestHelper reports whether a package exists for tests, as its name says:
// pgtest, sourcetest. Any test may import it, other code may not.
func isTestHelper(pkg string) bool {
	return strings.HasSuffix(pkg, "test")
}
