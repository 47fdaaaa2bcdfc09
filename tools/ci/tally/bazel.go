package tally

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"os"
)

// bazelEvent is what this package needs of a line of Bazel's
// --build_event_json_file (build_event_stream.proto).
type bazelEvent struct {
	ID struct {
		TestSummary *struct{ Label string }
		TestResult  *struct{ Label string }
	}
	TestSummary struct{ OverallStatus string }
	TestResult  struct {
		TestActionOutput []struct{ Name, URI string }
	}
}

// Bazel counts the test cases of a `bazel test` from its build events: those
// in the XML report of each test target. A target that failed without a
// failing case, as it doesn't build or ran out of time, counts as one failed
// test, and a target that passed without naming a case as one passed test.
func Bazel(events io.Reader) (Count, error) {
	reports := map[string]Count{}
	var total Count
	decoder := json.NewDecoder(events)
	for {
		var e bazelEvent
		if err := decoder.Decode(&e); err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, fmt.Errorf("read Bazel's events: %w", err)
		}
		switch {
		case e.ID.TestResult != nil:
			for _, o := range e.TestResult.TestActionOutput {
				if o.Name == "test.xml" {
					// A target that crashed may leave a broken report, or none.
					c, _ := readReport(o.URI)
					reports[e.ID.TestResult.Label] = c
				}
			}
		case e.ID.TestSummary != nil:
			total = total.Add(target(reports[e.ID.TestSummary.Label], e.TestSummary.OverallStatus))
		}
	}
}

// target is the count of one target. Bazel announces its results before its
// summary.
func target(report Count, status string) Count {
	passed := status == "PASSED" || status == "FLAKY"
	switch {
	case !passed && report.Failed == 0:
		report.Failed = 1
	case passed && report == Count{}:
		report.Passed = 1
	}
	return report
}

type testCase struct {
	Failure *struct{} `xml:"failure"`
	Error   *struct{} `xml:"error"`
	Skipped *struct{} `xml:"skipped"`
}

// readReport counts the cases of a JUnit XML report at a file: URI.
func readReport(uri string) (Count, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return Count{}, err
	}
	text, err := os.ReadFile(u.Path)
	if err != nil {
		return Count{}, err
	}
	var report struct {
		Suites []struct {
			Cases []testCase `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		return Count{}, err
	}
	var n Count
	for _, s := range report.Suites {
		for _, c := range s.Cases {
			switch {
			case c.Failure != nil || c.Error != nil:
				n.Failed++
			case c.Skipped != nil:
				n.Skipped++
			default:
				n.Passed++
			}
		}
	}
	return n, nil
}
