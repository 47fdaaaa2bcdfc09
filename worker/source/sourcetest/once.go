package sourcetest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"kallad/worker/recon"
	"kallad/worker/source"
)

// counts are the numbers of partitions that every source is asked for: more
// than there are rows, too.
var counts = []int{1, 2, 3, 7, 64, rowCount + 10}

// split splits and checks what holds for any answer.
func split(t *testing.T, src source.Source, scan source.Scan, want int) []source.Partition {
	t.Helper()
	parts, err := src.Split(context.Background(), scan, want)
	require.NoError(t, err, "split into %d", want)
	require.NotEmpty(t, parts)
	require.LessOrEqual(t, len(parts), want, "more partitions than asked for")
	for i, p := range parts {
		require.Equal(t, i, p.Index, "partitions count from 0 without gaps")
	}
	return parts
}

func testExactlyOnce(t *testing.T, f *fixture) {
	want := expected(f.rows, columnNames(), nil)
	for _, n := range counts {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			src := f.open(t)
			scan := source.Scan{Columns: columnNames()}
			got, _ := readAll(t, src, scan, split(t, src, scan, n))
			requireSameRows(t, want, got)
		})
	}
}

// testAnotherProcess carries the partitions as JSON to a source that was
// opened for itself and neither described nor split.
func testAnotherProcess(t *testing.T, f *fixture) {
	here := f.open(t)
	there := f.openOnly(t)
	scan := source.Scan{Columns: columnNames()}
	sent, err := json.Marshal(split(t, here, scan, 7))
	require.NoError(t, err)
	for _, secret := range append(uriSecrets(f.uri), f.subject.Secrets...) {
		require.NotContains(t, string(sent), secret, "a credential travels in a partition")
	}
	var parts []source.Partition
	require.NoError(t, json.Unmarshal(sent, &parts))
	got, _ := readAll(t, there, scan, parts)
	requireSameRows(t, expected(f.rows, columnNames(), nil), got)
}

// uriSecrets returns the secrets of a URI in any form in which they might
// turn up.
func uriSecrets(uri recon.URI) []string {
	secrets := recon.Secrets(uri.Reveal())
	if u, err := url.Parse(uri.Reveal()); err == nil && u.User != nil {
		if pw, ok := u.User.Password(); ok && pw != "" {
			secrets = append(secrets, pw)
		}
	}
	return secrets
}

// testAllAtOnce reads all partitions at the same time from one source, twice
// over, because a retried task reads its partition again.
func testAllAtOnce(t *testing.T, f *fixture) {
	src := f.open(t)
	scan := source.Scan{Columns: []string{"id"}}
	parts := split(t, src, scan, 7)
	results := make([][]string, 2*len(parts))
	var group errgroup.Group
	group.SetLimit(8)
	for i := range results {
		group.Go(func() (err error) {
			results[i], _, err = readPartition(src, scan, parts[i%len(parts)])
			return err
		})
	}
	require.NoError(t, group.Wait())
	want := expected(f.rows, scan.Columns, nil)
	var first, second []string
	for i := range parts {
		first = append(first, results[i]...)
		second = append(second, results[i+len(parts)]...)
	}
	requireSameRows(t, want, first)
	requireSameRows(t, want, second)
}

func testBatchRows(t *testing.T, f *fixture) {
	for _, n := range []int{1, 3, 256, 100_000} {
		src := f.open(t)
		scan := source.Scan{Columns: []string{"id", "note"}, BatchRows: n}
		got, _ := readAll(t, src, scan, split(t, src, scan, 2))
		requireSameRows(t, expected(f.rows, scan.Columns, nil), got)
	}
}
