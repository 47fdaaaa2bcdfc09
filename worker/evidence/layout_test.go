package evidence_test

import (
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/stretchr/testify/require"

	"kallad/worker/evidence"
	"kallad/worker/recon"
)

func TestUniqueNames(t *testing.T) {
	t.Parallel()
	reserved := []string{"match_id", "left_key"}
	require.Equal(t,
		[]string{"MATCH_ID_2", "amount", "match_id_1", "Amount_1", "left_key_1"},
		evidence.UniqueNames(reserved, []string{"MATCH_ID", "amount", "match_id_1", "Amount", "left_key"}))
}

// matchedWith publishes one matched row with the given extra columns.
func matchedWith(t *testing.T, rows string, fields ...arrow.Field) (string, error) {
	mem := checked(t)
	dir := t.TempDir()
	set := create(t, config(dir, mem))
	keys := []arrow.Field{{Name: "left_key", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "right_key", Type: arrow.BinaryTypes.String, Nullable: true}}
	schema := arrow.NewSchema(append(keys, fields...), nil)
	f, err := set.Matched(context.Background(), schema)
	if err != nil {
		return "", err
	}
	rec := fromJSON(t, mem, schema, rows)
	n := rec.NumRows()
	writeAll(t, f, rec)
	closeEmpty(t, set, evidence.Left, evidence.Right)
	require.NoError(t, set.Publish(context.Background(), counts(n, 0, 0)))
	return dir + "/" + evidence.MatchedFile, nil
}

func TestQueryNamesItsOwnRuleAndConfidence(t *testing.T) {
	t.Parallel()
	for _, number := range []arrow.DataType{decimal(2, 1), arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64} {
		path, err := matchedWith(t, `[{"Confidence":"0.5","Rule_Name":"exact","amount":"1"},{"amount":"2"}]`,
			arrow.Field{Name: "Confidence", Type: number, Nullable: true},
			arrow.Field{Name: "amount", Type: arrow.BinaryTypes.String, Nullable: true},
			arrow.Field{Name: "Rule_Name", Type: arrow.BinaryTypes.String, Nullable: true})
		require.NoError(t, err)
		require.Equal(t, []string{"match_id", "left_key", "right_key", "rule_name", "confidence", "matched_at", "amount"},
			columnOf(ask(t, `SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet(?))`, path)))
		require.Equal(t, [][]string{{"exact", "0.5", "DOUBLE"}, {"NULL", "NULL", "DOUBLE"}},
			ask(t, `SELECT rule_name, confidence::varchar, typeof(confidence) FROM read_parquet(?)`, path))
	}
}

func TestQueryColumnsOfTheWrongTypeAreRefused(t *testing.T) {
	t.Parallel()
	_, err := matchedWith(t, `[]`, arrow.Field{Name: "CONFIDENCE", Type: arrow.BinaryTypes.String})
	require.ErrorContains(t, err, `column "CONFIDENCE" of the query's result is utf8, but confidence must be a number`)
	require.True(t, recon.IsInput(err))
	_, err = matchedWith(t, `[]`, arrow.Field{Name: "rule_name", Type: arrow.PrimitiveTypes.Int64})
	require.ErrorContains(t, err, `column "rule_name" of the query's result is int64, but rule_name must be text`)
	require.True(t, recon.IsInput(err))
}

func TestMatchIDsAreTheSameForTheSameRun(t *testing.T) {
	t.Parallel()
	path, err := matchedWith(t, `[{"left_key":"1","right_key":"1"},{"left_key":"2","right_key":"2"}]`)
	require.NoError(t, err)
	ids := columnOf(ask(t, `SELECT match_id FROM read_parquet(?)`, path))
	require.Equal(t, []string{"6fa0ea3d-1d07-8461-a87c-000000000000", "6fa0ea3d-1d07-8461-a87c-000000000001"}, ids)
	require.Equal(t, ids, columnOf(ask(t, `SELECT match_id::uuid::varchar FROM read_parquet(?)`, path)))
}

func TestNullPartsOfCompositeKeysAreTold(t *testing.T) {
	t.Parallel()
	mem := checked(t)
	dir := t.TempDir()
	cfg := config(dir, mem)
	cfg.CompositeKey = map[evidence.Side]bool{evidence.Left: true}
	set := create(t, cfg)
	schema := textSchema("record_key")
	rows := `[{"record_key":"[\"a\",null]"},{"record_key":"[\"null\",\"\\\"null\"]"},{"record_key":"[1,2]"}]`
	for _, side := range []evidence.Side{evidence.Left, evidence.Right} {
		f, err := set.Unmatched(context.Background(), side, schema)
		require.NoError(t, err)
		writeAll(t, f, fromJSON(t, mem, schema, rows))
	}
	publishRest(t, set, counts(0, 3, 3))
	reasons := func(file string) []string {
		return columnOf(ask(t, `SELECT rejection_reason FROM read_parquet(?)`, dir+"/"+file))
	}
	require.Equal(t, []string{evidence.ReasonNullKey, evidence.ReasonNoMatch, evidence.ReasonNoMatch}, reasons(evidence.UnmatchedLeftFile))
	require.Equal(t, []string{evidence.ReasonNoMatch, evidence.ReasonNoMatch, evidence.ReasonNoMatch}, reasons(evidence.UnmatchedRightFile))
}

func TestSchemasWithoutKeysAreRefused(t *testing.T) {
	t.Parallel()
	set := create(t, config(t.TempDir(), checked(t)))
	_, err := set.Matched(context.Background(), textSchema("left_key", "invoice"))
	require.ErrorContains(t, err, "column 2 must be right_key of type utf8")
	_, err = set.Unmatched(context.Background(), evidence.Left, textSchema())
	require.ErrorContains(t, err, "column 1 must be record_key of type utf8")
	_, err = set.Unmatched(context.Background(), "middle", textSchema("record_key"))
	require.ErrorContains(t, err, `no side "middle"`)
}

func TestBatchesOfAnotherShapeAreRefused(t *testing.T) {
	t.Parallel()
	mem := checked(t)
	set := create(t, config(t.TempDir(), mem))
	f, err := set.Unmatched(context.Background(), evidence.Left, textSchema("record_key", "a"))
	require.NoError(t, err)
	rec := fromJSON(t, mem, textSchema("record_key"), `[{"record_key":"1"}]`)
	defer rec.Release()
	require.ErrorContains(t, f.Write(context.Background(), rec), "batch has 1 columns, the file 2")
	require.Zero(t, f.Rows())
}
