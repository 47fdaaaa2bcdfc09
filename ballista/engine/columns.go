package engine

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// Columns binds one SELECT without running it and returns the names and the
// SQL types of its result, such as HUGEINT, which Arrow has no name for.
func (s *Session) Columns(ctx context.Context, sql string) (names, types []string, err error) {
	rows, err := s.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE "+sql+")")
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return names, types, nil
		}
		if err != nil {
			return nil, nil, err
		}
		name, kind := batch.Column(0).(*array.String), batch.Column(1).(*array.String)
		for i := range int(batch.NumRows()) {
			names, types = append(names, name.Value(i)), append(types, kind.Value(i))
		}
		batch.Release()
	}
}
