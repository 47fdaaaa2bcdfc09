package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"kallad/ballista/plan"
	"kallad/ballista/proto/query"
	"kallad/worker/recon"
)

// Remote runs queries in a scheduler elsewhere. The scheduler opens the
// sources: paths are those of its machine. It is safe for concurrent use.
type Remote struct {
	service query.QueryClient
}

var _ Runner = (*Remote)(nil)

// NewRemote returns a client of the scheduler at the other end of a
// connection, which stays the caller's.
func NewRemote(conn grpc.ClientConnInterface) *Remote {
	return &Remote{service: query.NewQueryClient(conn)}
}

// Query implements Runner: it returns when the query was found well or not.
func (c *Remote) Query(ctx context.Context, q Query) (*Rows, error) {
	request := &query.Request{Sql: q.SQL, Partitions: int32(q.Partitions), Labels: q.Labels}
	for _, s := range q.Sources {
		src := &query.Source{Alias: s.Alias, Uri: s.URI.Reveal()}
		for _, f := range s.Filters {
			text, err := json.Marshal(f)
			if err != nil {
				return nil, fmt.Errorf("source %q: write a filter: %w", s.Alias, err)
			}
			src.Filters = append(src.Filters, string(text))
		}
		request.Sources = append(request.Sources, src)
	}
	calling, end := context.WithCancel(ctx)
	stream, err := c.service.Run(calling, request)
	if err != nil {
		end()
		return nil, fromStatus(ctx, err)
	}
	// The first event comes when the query was found well.
	first, err := stream.Recv()
	if err != nil {
		end()
		return nil, fromStatus(ctx, err)
	}
	return start(ctx, func(ctx context.Context, r *Rows) error {
		defer end()
		stop := context.AfterFunc(ctx, end)
		defer stop()
		e := &events{stream: stream, rows: r}
		if err := e.note(first); err != nil {
			return err
		}
		err := e.receive(ctx)
		if e.err != nil { // in words of its own, not the reader's
			err = e.err
		}
		return fromStatus(ctx, err)
	}), nil
}

// events reads the bytes of the result out of a call's events.
type events struct {
	stream query.Query_RunClient
	rows   *Rows
	rest   []byte
	// err is why the call ended, if not well.
	err error
}

// receive hands over the rows until the call ends.
func (e *events) receive(ctx context.Context) error {
	reader, err := ipc.NewReader(e)
	if err != nil {
		return err
	}
	defer reader.Release()
	e.rows.describe(reader.Schema())
	for reader.Next() {
		batch := reader.RecordBatch()
		batch.Retain()
		if err := e.rows.put(ctx, batch); err != nil {
			return err
		}
	}
	if err := reader.Err(); err != nil {
		return err
	}
	// What is left is the call's own end, which says whether all went well.
	for {
		if _, err := e.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Read implements io.Reader.
func (e *events) Read(b []byte) (int, error) {
	for len(e.rest) == 0 {
		event, err := e.stream.Recv()
		if err != nil && !errors.Is(err, io.EOF) {
			e.err = err
		}
		if err != nil {
			return 0, err
		}
		if err := e.note(event); err != nil {
			return 0, err
		}
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// note takes an event.
func (e *events) note(event *query.Event) error {
	switch event := event.Event.(type) {
	case *query.Event_Rows:
		e.rest = event.Rows
	case *query.Event_Progress:
		var stages []plan.StageStatus
		if err := json.Unmarshal(event.Progress.Stages, &stages); err != nil {
			return fmt.Errorf("read progress: %w", err)
		}
		e.rows.mu.Lock()
		e.rows.progress = Progress{Rows: event.Progress.Rows, Stages: stages}
		e.rows.mu.Unlock()
	}
	return nil
}

// fromStatus is an error that travelled as what it was.
func fromStatus(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var s interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &s) {
		return err
	}
	text := errors.New(s.GRPCStatus().Message())
	if s.GRPCStatus().Code() == codes.InvalidArgument {
		return recon.Input(text)
	}
	return text
}
