package sourcetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
)

func testProjection(t *testing.T, f *fixture) {
	for _, columns := range [][]string{
		{"id"}, {"ok"}, {"note"}, {"amount", "id"}, {"at", "code", "day"},
		{"ok", "at", "day", "amount", "note", "code", "id"},
	} {
		src := f.open(t)
		scan := source.Scan{Columns: columns}
		got, _ := readAll(t, src, scan, split(t, src, scan, 3))
		requireSameRows(t, expected(f.rows, columns, nil), got)
	}
}

// testNoColumns asks for nothing but the number of rows.
func testNoColumns(t *testing.T, f *fixture) {
	for _, scan := range []source.Scan{{}, {BatchRows: 9}} {
		src := f.open(t)
		_, n := readAll(t, src, scan, split(t, src, scan, 3))
		require.Equal(t, int64(len(f.rows)), n)
	}
}

func testUnknownColumn(t *testing.T, f *fixture) {
	for _, scan := range []source.Scan{
		{Columns: []string{"id", "no_such_column"}},
		{Columns: []string{"id"}, Filters: []recon.FilterCondition{condition("no_such_column", recon.OpEq, `1`)}},
	} {
		err := firstError(f.open(t), scan)
		require.Error(t, err)
		require.True(t, recon.IsInput(err), "want an input error, got %v", err)
		require.ErrorContains(t, err, "no_such_column")
	}
}

// firstError splits and reads until something fails.
func firstError(src source.Source, scan source.Scan) error {
	parts, err := src.Split(context.Background(), scan, 2)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, _, err := readPartition(src, scan, p); err != nil {
			return err
		}
	}
	return nil
}
