package tally_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/tools/ci/tally"
)

func TestGoTest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		events string
		want   tally.Count
		out    string
	}{
		"each way to end, and only failures speak": {
			events: `
{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestGood"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"quiet\n"}
{"Action":"pass","Package":"m/a","Test":"TestGood"}
{"Action":"output","Package":"m/a","Test":"TestBad/x","Output":"want 1\n"}
{"Action":"fail","Package":"m/a","Test":"TestBad/x"}
{"Action":"output","Package":"m/a","Test":"TestBad","Output":"--- FAIL: TestBad\n"}
{"Action":"fail","Package":"m/a","Test":"TestBad"}
{"Action":"skip","Package":"m/a","Test":"TestElsewhere"}
{"Action":"output","Package":"m/a","Output":"FAIL\tm/a\t0.1s\n"}
{"Action":"fail","Package":"m/a"}
`,
			want: tally.Count{Passed: 1, Failed: 2, Skipped: 1},
			out:  "want 1\n--- FAIL: TestBad\nFAIL\tm/a\t0.1s\n",
		},
		"a package that crashes": {
			events: `
{"Action":"run","Package":"m/a","Test":"TestFine"}
{"Action":"pass","Package":"m/a","Test":"TestFine"}
{"Action":"run","Package":"m/a","Test":"TestCrash"}
{"Action":"output","Package":"m/a","Test":"TestCrash","Output":"panic: oh\n"}
{"Action":"output","Package":"m/a","Output":"FAIL\tm/a\t0.1s\n"}
{"Action":"fail","Package":"m/a"}
`,
			want: tally.Count{Passed: 1, Failed: 1},
			out:  "panic: oh\nFAIL\tm/a\t0.1s\n",
		},
		"a package that doesn't build": {
			events: `
{"ImportPath":"m/a","Action":"build-output","Output":"a.go:1: undefined: x\n"}
{"ImportPath":"m/a","Action":"build-fail"}
{"Action":"output","Package":"m/a","Output":"FAIL\tm/a [build failed]\n"}
{"Action":"fail","Package":"m/a","FailedBuild":"m/a"}
`,
			want: tally.Count{Failed: 1},
			out:  "a.go:1: undefined: x\nFAIL\tm/a [build failed]\n",
		},
		"a package that passes is one line": {
			events: `
{"Action":"run","Package":"m/a","Test":"TestFine"}
{"Action":"pass","Package":"m/a","Test":"TestFine"}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t0.1s\n"}
{"Action":"pass","Package":"m/a"}
`,
			want: tally.Count{Passed: 1},
			out:  "ok  \tm/a\t0.1s\n",
		},
		"a package without tests": {
			events: `
{"Action":"output","Package":"m/a","Output":"?   \tm/a\t[no test files]\n"}
{"Action":"skip","Package":"m/a"}
`,
			out: "?   \tm/a\t[no test files]\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder

			got, err := tally.GoTest(strings.NewReader(tt.events), &out)

			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.out, out.String())
		})
	}
}

func TestGoTestReportsBrokenEvents(t *testing.T) {
	t.Parallel()
	_, err := tally.GoTest(strings.NewReader("go: cannot find main module"), &strings.Builder{})
	assert.ErrorContains(t, err, "read go test's events")
}
