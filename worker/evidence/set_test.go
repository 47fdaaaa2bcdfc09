package evidence_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/evidence"
	"kallad/worker/recon"
)

func TestPublishedFilesHoldTheRows(t *testing.T) {
	t.Parallel()
	mem := checked(t)
	dir := filepath.Join(t.TempDir(), "runs", "1")
	set := create(t, config(dir, mem))
	ctx := context.Background()

	schema := textSchema("left_key", "right_key", "invoice_id", "Match_ID")
	matched, err := set.Matched(ctx, schema)
	require.NoError(t, err)
	writeAll(t, matched,
		fromJSON(t, mem, schema, `[{"left_key":"007","right_key":"P1","invoice_id":"007","Match_ID":"x"}]`),
		fromJSON(t, mem, schema, `[{"left_key":"008","right_key":null,"invoice_id":null,"Match_ID":"y"}]`))
	left, err := set.Unmatched(ctx, evidence.Left, textSchema("record_key", "record_KEY"))
	require.NoError(t, err)
	writeAll(t, left, fromJSON(t, mem, textSchema("record_key", "record_KEY"),
		`[{"record_key":"1","record_KEY":"a"},{"record_key":null,"record_KEY":"b"}]`))
	closeEmpty(t, set, evidence.Right)

	entries, err := filepath.Glob(filepath.Join(dir, "[a-z]*"))
	require.NoError(t, err)
	require.Empty(t, entries, "nothing is visible before Publish")
	require.NoError(t, set.Publish(ctx, counts(2, 2, 0)))

	require.Equal(t, [][]string{
		{"007", "P1", "match_sql", "1.0", "2026-03-01 12:30:00.123456+00", "007", "x"},
		{"008", "NULL", "match_sql", "1.0", "2026-03-01 12:30:00.123456+00", "NULL", "y"},
	}, ask(t, `SELECT left_key, right_key, rule_name, confidence::varchar, matched_at::varchar, invoice_id, Match_ID_1 FROM read_parquet(?)`, dir+"/matched.parquet"))
	require.Equal(t, []string{"record_key", "attempted_rules", "closest_candidate", "rejection_reason", "record_KEY_1"},
		columnOf(ask(t, `SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet(?))`, dir+"/unmatched_left.parquet")))
	require.Equal(t, [][]string{
		{"1", "match_sql", "NULL", evidence.ReasonNoMatch, "a"},
		{"NULL", "match_sql", "NULL", evidence.ReasonNullKey, "b"},
	}, ask(t, `SELECT * FROM read_parquet(?)`, dir+"/unmatched_left.parquet"))
	require.Equal(t, [][]string{{"0"}}, ask(t, `SELECT count(*) FROM read_parquet(?)`, dir+"/unmatched_right.parquet"))
}

func TestAbortLeavesNoTrace(t *testing.T) {
	t.Parallel()
	mem := checked(t)
	dir := t.TempDir()
	set := create(t, config(dir, mem))
	schema := textSchema("left_key", "right_key")
	f, err := set.Matched(context.Background(), schema)
	require.NoError(t, err)
	rec := fromJSON(t, mem, schema, `[{"left_key":"1","right_key":"2"}]`)
	require.NoError(t, f.Write(context.Background(), rec))
	rec.Release()
	require.NoError(t, set.Abort())
	require.NoError(t, set.Abort())

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.Error(t, set.Publish(context.Background(), counts(1, 0, 0)))
}

func TestPublishRefusesCountsThatTheFilesDoNotHave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	set := create(t, config(dir, checked(t)))
	f, err := set.Matched(context.Background(), textSchema("left_key", "right_key"))
	require.NoError(t, err)
	require.NoError(t, f.Close(context.Background()))
	closeEmpty(t, set, evidence.Left, evidence.Right)
	require.ErrorContains(t, set.Publish(context.Background(), counts(3, 0, 0)), "matched.parquet has 0 rows, but the result says 3")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestPublishWantsEveryFileClosed(t *testing.T) {
	t.Parallel()
	set := create(t, config(t.TempDir(), checked(t)))
	_, err := set.Matched(context.Background(), textSchema("left_key", "right_key"))
	require.NoError(t, err)
	require.ErrorContains(t, set.Publish(context.Background(), counts(0, 0, 0)), "matched.parquet is not closed")
}

func TestCreateFailsAtOnceWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := evidence.Create(context.Background(), blob.NewLocal(blob.LocalConfig{}), config(filepath.Join(file, "below"), nil))
	require.Error(t, err)

	root := t.TempDir()
	fenced := blob.NewLocal(blob.LocalConfig{WriteRoots: []string{root}})
	_, err = evidence.Create(context.Background(), fenced, config(t.TempDir(), nil))
	require.ErrorIs(t, err, blob.ErrOutsideRoots)
	require.True(t, recon.IsInput(err))
}

// brokenStore refuses to publish one file.
type brokenStore struct {
	blob.Store
	name string
}

type brokenWriter struct{ blob.Writer }

func (s brokenStore) Create(ctx context.Context, uri string) (blob.Writer, error) {
	w, err := s.Store.Create(ctx, uri)
	if err == nil && filepath.Base(uri) == s.name {
		return brokenWriter{w}, nil
	}
	return w, err
}

func (w brokenWriter) Prepare(ctx context.Context) (blob.Change, error) {
	c, err := w.Writer.Prepare(ctx)
	return brokenChange{c}, err
}

type brokenChange struct{ blob.Change }

func (brokenChange) Apply(context.Context) error { return blob.ErrNoSpace }

func TestAFailedPublishLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{evidence.MatchedFile, evidence.UnmatchedLeftFile, evidence.UnmatchedRightFile, evidence.MetadataFile} {
		dir := t.TempDir()
		store := brokenStore{blob.NewLocal(blob.LocalConfig{}), name}
		set := emptySet(t, store, filepath.Join(dir, "runs"))
		require.ErrorIs(t, set.Publish(context.Background(), counts(0, 0, 0)), blob.ErrNoSpace)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, entries, "%s cannot be published", name)
		require.NoError(t, set.Abort())
	}
}

func TestAFailedPublishKeepsAnEarlierRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := blob.NewLocal(blob.LocalConfig{})
	require.NoError(t, emptySet(t, store, dir).Publish(context.Background(), counts(0, 0, 0)))
	before, err := os.ReadFile(filepath.Join(dir, evidence.MetadataFile))
	require.NoError(t, err)
	set := emptySet(t, brokenStore{store, evidence.UnmatchedRightFile}, dir)
	meta := counts(0, 0, 0)
	meta.Version = "another"
	require.ErrorIs(t, set.Publish(context.Background(), meta), blob.ErrNoSpace)
	after, err := os.ReadFile(filepath.Join(dir, evidence.MetadataFile))
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 4)
	// And it may run again.
	require.NoError(t, emptySet(t, store, dir).Publish(context.Background(), meta))
	after, err = os.ReadFile(filepath.Join(dir, evidence.MetadataFile))
	require.NoError(t, err)
	require.Contains(t, string(after), "another")
}

// emptySet is evidence without rows, ready to be published.
func emptySet(t *testing.T, store blob.Store, dir string) *evidence.Set {
	t.Helper()
	set, err := evidence.Create(context.Background(), store, config(dir, checked(t)))
	require.NoError(t, err)
	closeEmpty(t, set, evidence.Left, evidence.Right)
	f, err := set.Matched(context.Background(), textSchema("left_key", "right_key"))
	require.NoError(t, err)
	require.NoError(t, f.Close(context.Background()))
	return set
}
