package sourcetest

import (
	"context"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/stretchr/testify/require"

	"kallad/worker/source"
)

func testDescribe(t *testing.T, f *fixture) {
	d := f.describe(t, f.open(t))
	for i, want := range Schema().Fields() {
		wantType := want.Type
		if other, ok := f.subject.Types[want.Name]; ok {
			wantType = other
		}
		got := d.Schema.Field(i)
		require.True(t, arrow.TypeEqual(wantType, got.Type), "type of %s: want %s, got %s", want.Name, wantType, got.Type)
	}
	if d.Rows >= 0 {
		require.InDelta(t, rowCount, d.Rows, rowCount/2, "estimated rows")
	}
	if d.Bytes >= 0 {
		require.Positive(t, d.Bytes, "estimated bytes")
	}
}

func testDescribeEmpty(t *testing.T, f *fixture) {
	d := f.describe(t, f.open(t))
	require.LessOrEqual(t, d.Rows, int64(1), "estimated rows of an empty table")
}

// describe describes twice, because nothing may change when asked again, and
// checks what holds for any description.
func (f *fixture) describe(t *testing.T, src source.Source) *source.Description {
	t.Helper()
	d, err := src.Describe(context.Background())
	require.NoError(t, err)
	again, err := src.Describe(context.Background())
	require.NoError(t, err)
	require.True(t, d.Schema.Equal(again.Schema), "the second Describe gives another schema")

	var names []string
	seen := map[string]bool{}
	for _, field := range d.Schema.Fields() {
		names = append(names, field.Name)
		require.False(t, seen[strings.ToLower(field.Name)], "column name %s is there twice", field.Name)
		seen[strings.ToLower(field.Name)] = true
	}
	require.Equal(t, columnNames(), names)
	require.GreaterOrEqual(t, d.MaxPartitions, 1)
	require.GreaterOrEqual(t, d.Rows, int64(-1))
	require.GreaterOrEqual(t, d.Bytes, int64(-1))
	return d
}
