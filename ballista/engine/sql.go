package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// Parse returns the parsed form of a text of SELECT statements, as DuckDB's
// json_serialize_sql gives it: {"statements": [...]}. Anything that is not a
// SELECT, and anything that does not parse, is an Error of KindQuery.
func (s *Session) Parse(ctx context.Context, sql string) (json.RawMessage, error) {
	text, err := s.scalar(ctx, "SELECT CAST(json_serialize_sql("+Literal(sql)+") AS VARCHAR)")
	if err != nil {
		return nil, err
	}
	var outcome struct {
		Error   bool   `json:"error"`
		Type    string `json:"error_type"`
		Message string `json:"error_message"`
		At      string `json:"position"`
	}
	if err := json.Unmarshal([]byte(text), &outcome); err != nil {
		// Only an infinite constant is written as something that is no JSON.
		return nil, &Error{Kind: KindQuery, Message: "a number in it is larger than any that can be held; the largest is 1.79e308"}
	}
	if outcome.Error {
		message := outcome.Message
		if outcome.Type == "not implemented" {
			message = "it is no SELECT; give one SELECT over the job's sources"
		}
		if outcome.At != "" {
			message += " (character " + outcome.At + ")"
		}
		return nil, &Error{Kind: KindQuery, Message: plain(message)}
	}
	return json.RawMessage(text), nil
}

// Format writes a parsed form back as SQL.
func (s *Session) Format(ctx context.Context, parsed json.RawMessage) (string, error) {
	return s.scalar(ctx, "SELECT json_deserialize_sql("+Literal(string(parsed))+"::JSON)")
}

// Bound returns the bound form of one SELECT, before any optimizing, as
// DuckDB's json_serialize_plan gives it: {"plans": [...]}, every expression with
// its type. There are no plans where DuckDB can't write one down.
func (s *Session) Bound(ctx context.Context, sql string) (json.RawMessage, error) {
	text, err := s.scalar(ctx, "SELECT CAST(json_serialize_plan("+Literal(sql)+") AS VARCHAR)")
	return json.RawMessage(text), err
}

// Describe binds one statement without running it and returns the schema of
// its result.
func (s *Session) Describe(ctx context.Context, sql string) (*arrow.Schema, error) {
	var stmt duck.PreparedStatement
	defer duck.DestroyPrepare(&stmt)
	err := s.interruptible(ctx, func() error {
		if duck.Prepare(s.conn, sql, &stmt) == duck.StateError {
			return newError(duck.ErrorTypeInvalid, duck.PrepareError(stmt))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	n := int(duck.PreparedStatementColumnCount(stmt))
	fields := make([]arrow.Field, n)
	for i := range n {
		name := duck.PreparedStatementColumnName(stmt, duck.IdxT(i))
		logical := duck.PreparedStatementColumnLogicalType(stmt, duck.IdxT(i))
		col, err := newAppender(logical)
		duck.DestroyLogicalType(&logical)
		if err != nil {
			return nil, &Error{Kind: KindQuery, Message: fmt.Sprintf("result column %q: %v", name, err)}
		}
		fields[i] = arrow.Field{Name: name, Type: col.dataType(), Nullable: true}
	}
	return arrow.NewSchema(fields, nil), nil
}

// CreateEmpty makes a table without rows.
func (s *Session) CreateEmpty(ctx context.Context, name string, schema *arrow.Schema) error {
	_, err := s.CreateTable(ctx, name, Input{Schema: schema})
	return err
}

// Int64 runs a query whose result is one row of integers.
func (s *Session) Int64(ctx context.Context, sql string) ([]int64, error) {
	rows, err := s.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	batch, err := rows.Next(ctx)
	if err != nil {
		return nil, endIsError(err)
	}
	defer batch.Release()
	out := make([]int64, batch.NumCols())
	for i := range out {
		col, ok := batch.Column(i).(*array.Int64)
		if !ok || col.IsNull(0) {
			return nil, fmt.Errorf("column %q is no integer", batch.ColumnName(i))
		}
		out[i] = col.Value(0)
	}
	return out, rows.drain(ctx)
}

// scalar runs a query whose result is one text.
func (s *Session) scalar(ctx context.Context, sql string) (string, error) {
	rows, err := s.Query(ctx, sql)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	batch, err := rows.Next(ctx)
	if err != nil {
		return "", endIsError(err)
	}
	defer batch.Release()
	col, ok := batch.Column(0).(*array.String)
	if !ok {
		return "", fmt.Errorf("%s is no text", batch.Schema())
	}
	return col.Value(0), nil
}

func endIsError(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("a query that must return a row returned none")
	}
	return err
}

// Version is DuckDB's. Two processes that share out one query must have the
// same: what a hash or a comparison is may differ between versions.
func Version() string { return duck.LibraryVersion() }
