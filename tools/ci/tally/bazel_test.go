package tally_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/tools/ci/tally"
)

func TestBazel(t *testing.T) {
	t.Parallel()
	const goReport = `<testsuites>
	<testsuite name="a.TestX"><testcase name="TestX"></testcase><testcase name="TestX/one"></testcase></testsuite>
	<testsuite name="a.TestY"><testcase name="TestY"><failure message="Failed"></failure></testcase><testcase name="TestZ"><skipped></skipped></testcase></testsuite>
</testsuites>`
	tests := map[string]struct {
		report, status string
		want           tally.Count
	}{
		"cases of a report":                 {goReport, "FAILED", tally.Count{Passed: 2, Failed: 1, Skipped: 1}},
		"failed, but no case says so":       {`<testsuites><testsuite name="a"><testcase name="TestX"></testcase></testsuite></testsuites>`, "TIMEOUT", tally.Count{Passed: 1, Failed: 1}},
		"failed with half a report":         {`<testsuites><testsuite name="a"><testc`, "FAILED", tally.Count{Failed: 1}},
		"failed to build":                   {"", "FAILED_TO_BUILD", tally.Count{Failed: 1}},
		"passed, but names no case":         {`<testsuites></testsuites>`, "PASSED", tally.Count{Passed: 1}},
		"passed on the second attempt":      {`<testsuites></testsuites>`, "FLAKY", tally.Count{Passed: 1}},
		"a shell test, with Bazel's report": {`<testsuites><testsuite name="sh" tests="1" failures="0" errors="0"><testcase name="sh" status="run"></testcase></testsuite></testsuites>`, "PASSED", tally.Count{Passed: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := filepath.Join(t.TempDir(), "test.xml")
			events := `{"id":{"progress":{"opaqueCount":1}},"progress":{"stderr":"..."}}` + "\n"
			if tt.report != "" {
				require.NoError(t, os.WriteFile(report, []byte(tt.report), 0o644))
				events += fmt.Sprintf(`{"id":{"testResult":{"label":"//a:a_test","run":1}},"testResult":{"testActionOutput":[{"name":"test.log","uri":"file:///gone"},{"name":"test.xml","uri":"file://%s"}],"status":"x"}}`+"\n", report)
			}
			events += fmt.Sprintf(`{"id":{"testSummary":{"label":"//a:a_test"}},"testSummary":{"totalRunCount":1,"overallStatus":%q}}`+"\n", tt.status)

			got, err := tally.Bazel(strings.NewReader(events))

			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}
