package blob_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
)

// reached is a store that does nothing but say that it was asked.
type reached struct{ blob.Store }

var errReached = errors.New("reached")

func (reached) Stat(context.Context, string) (blob.Info, error)   { return blob.Info{}, errReached }
func (reached) Open(context.Context, string) (blob.Object, error) { return nil, errReached }
func (reached) OpenVersion(context.Context, string, string) (blob.Object, error) {
	return nil, errReached
}
func (reached) List(context.Context, string) ([]blob.Info, error)   { return nil, errReached }
func (reached) Create(context.Context, string) (blob.Writer, error) { return nil, errReached }

func TestS3StaysInsideItsRoots(t *testing.T) {
	t.Parallel()
	roots := blob.S3Roots{Read: []string{"s3://open", "s3://shared/in/", "s3://one/file.csv"}, Write: []string{"s3://shared/out"}}
	require.NoError(t, roots.Validate())
	s := blob.ConfineS3(reached{}, roots)
	reads := func(uri string) []error {
		_, stat := s.Stat(t.Context(), uri)
		_, open := s.Open(t.Context(), uri)
		_, version := s.OpenVersion(t.Context(), uri, "v")
		_, list := s.List(t.Context(), uri)
		return []error{stat, open, version, list}
	}
	for _, uri := range []string{"s3://open/a.csv", "s3://open/**/*.csv", "s3://open/", "s3://shared/in/a.csv", "s3://shared/in/", "s3://shared/in/*.csv", "s3://one/file.csv", "S3://open/a"} {
		for _, err := range reads(uri) {
			require.ErrorIs(t, err, errReached, uri)
		}
	}
	for _, uri := range []string{"s3://other/a.csv", "s3://opener/a.csv", "s3://shared/a.csv", "s3://shared/inside.csv", "s3://shared/i*/a.csv", "s3://shared/*",
		"s3://shared/**", "s3://shared/", "s3://shared/out/a.csv", "s3://one/file.csv2", "s3://one/file.cs*", "s3://shared//in/a.csv"} {
		for _, err := range reads(uri) {
			require.ErrorIs(t, err, blob.ErrOutsideRoots, uri)
		}
	}
	_, err := s.Create(t.Context(), "s3://shared/out/run/matched.parquet")
	require.ErrorIs(t, err, errReached)
	for _, uri := range []string{"s3://open/a", "s3://shared/in/a", "s3://shared/outer/a", "s3://other/a"} {
		_, err := s.Create(t.Context(), uri)
		require.ErrorIs(t, err, blob.ErrOutsideRoots, uri)
	}

	none := blob.ConfineS3(reached{}, blob.S3Roots{ReadNone: true})
	_, err = none.Open(t.Context(), "s3://open/a.csv")
	require.ErrorIs(t, err, blob.ErrOutsideRoots)
	_, err = none.Create(t.Context(), "s3://open/a.csv")
	require.ErrorIs(t, err, errReached)

	for _, root := range []string{"open", "s3://", "s3://b/*", "s3://user@b", "file:///x"} {
		require.ErrorContains(t, blob.S3Roots{Read: []string{root}}.Validate(), root)
	}
}
