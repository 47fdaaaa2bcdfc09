package csv_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/source/csv"
)

// pythonReader reads a CSV file with Python's csv module and prints its
// records as JSON, one a line. Empty lines are no records to it either.
const pythonReader = `
import csv, json, sys
path, encoding, delimiter = sys.argv[1:]
csv.field_size_limit(1 << 30)
with open(path, newline="", encoding=encoding) as f:
    for row in csv.reader(f, delimiter=delimiter, strict=True):
        if row:
            print(json.dumps(row))
`

// readPython returns the records of a file as Python sees them.
func readPython(t *testing.T, path, encoding, delimiter string) [][]string {
	t.Helper()
	python, err := exec.LookPath("python3")
	require.NoError(t, err, "this test needs python3 (any version 3): install it and put it on the PATH")
	var out, complaint bytes.Buffer
	cmd := exec.Command(python, "-c", pythonReader, path, encoding, delimiter)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	require.NoError(t, cmd.Run(), "%s", &complaint)
	var rows [][]string
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var row []string
		require.NoError(t, decoder.Decode(&row))
		rows = append(rows, row)
	}
	return rows
}

// fragments are what generated texts are made of.
var fragments = []string{
	"a", "xyz", "0", "17", "-", ".", " ", "\"", "\"\"", "\n", "\r\n", "\n\n", ",", ";", "\t", "|", "é", "€", "日本", "🙂", "NULL", "'", "\\",
	"long text that goes on for a while so that blocks end within it ",
}

func generateText(rng *rand.Rand) string {
	var b strings.Builder
	for range rng.IntN(5) {
		b.WriteString(fragments[rng.IntN(len(fragments))])
	}
	return b.String()
}

// generateFile returns a CSV file: fields are quoted where they must be, and
// some where they need not.
func generateFile(rng *rand.Rand, delimiter, newline string) string {
	columns, rows := 2+rng.IntN(5), rng.IntN(300)
	quoteMore := rng.IntN(4)
	var b strings.Builder
	for c := range columns {
		if c > 0 {
			b.WriteString(delimiter)
		}
		fmt.Fprintf(&b, "c%d", c)
	}
	b.WriteString(newline)
	for r := range rows {
		for c := range columns {
			if c > 0 {
				b.WriteString(delimiter)
			}
			text := generateText(rng)
			if strings.ContainsAny(text, "\r\n\"") || strings.Contains(text, delimiter) || rng.IntN(4) < quoteMore {
				text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
			}
			b.WriteString(text)
		}
		if r < rows-1 || rng.IntN(2) == 0 {
			b.WriteString(newline)
		}
		if rng.IntN(50) == 0 {
			b.WriteString(newline)
		}
	}
	return b.String()
}

// TestAgainstPython reads generated files in several partitions, and compares
// with Python's csv module.
func TestAgainstPython(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 11))
	encodings := []struct{ python, ours string }{{"utf-8", "utf-8"}, {"utf-8-sig", ""}, {"utf-16", ""}, {"utf-16-be", "utf-16be"}}
	for round := range 24 {
		delimiter := []string{",", ";", "\t", "|"}[rng.IntN(4)]
		newline := []string{"\n", "\r\n", "\r"}[rng.IntN(3)]
		encoding := encodings[rng.IntN(len(encodings))]
		content := generateFile(rng, delimiter, newline)
		path := writeFile(t, "f.csv", encodeFor(content, encoding.python))
		want := readPython(t, path, encoding.python, delimiter)

		params := "?header=true&types=*:text&delimiter=" + map[string]string{",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}[delimiter]
		if encoding.ours != "" {
			params += "&encoding=" + encoding.ours
		}
		cfg := csv.Config{MinPartitionBytes: 1, BlockBytes: 1 + rng.IntN(200), MaxRecordBytes: 5000 + rng.IntN(100_000)}
		for _, parts := range []int{1, 2, 7, 64} {
			got, err := readTable(blob.NewLocal(blob.LocalConfig{}), cfg, path+params, parts)
			require.NoError(t, err, "round %d", round)
			require.Equal(t, want[0], got.names)
			require.Equal(t, append([][]string{}, want[1:]...), append([][]string{}, valuesOnly(got.rows)...), "round %d, %d partitions", round, parts)
		}
	}
}

func encodeFor(content, python string) []byte {
	switch python {
	case "utf-8-sig":
		return []byte("\ufeff" + content)
	case "utf-16":
		return []byte(encodeUTF16(content, false, true))
	case "utf-16-be":
		return []byte(encodeUTF16(content, true, false))
	}
	return []byte(content)
}
