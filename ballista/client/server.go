package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"kallad/ballista/proto/query"
	"kallad/worker/recon"
)

// Server lets programs elsewhere run queries by a runner in this process.
type Server struct {
	query.UnimplementedQueryServer
	runner Runner
	// interval is how often progress is told.
	interval time.Duration
}

// NewServer returns a server; register it by query.RegisterQueryServer.
// Progress is told at the given interval.
func NewServer(runner Runner, interval time.Duration) *Server {
	return &Server{runner: runner, interval: interval}
}

// Run implements query.QueryServer.
func (s *Server) Run(request *query.Request, stream query.Query_RunServer) (err error) {
	q := Query{SQL: request.Sql, Partitions: int(request.Partitions), Labels: request.Labels}
	var uris []recon.URI
	for _, src := range request.Sources {
		source := recon.Source{Alias: src.Alias, URI: recon.URI(src.Uri)}
		uris = append(uris, source.URI)
		for _, text := range src.Filters {
			var f recon.FilterCondition
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				return status.Errorf(codes.InvalidArgument, "source %q: a filter is not the JSON that it must be: %v", src.Alias, err)
			}
			source.Filters = append(source.Filters, f)
		}
		q.Sources = append(q.Sources, source)
	}
	// No credentials in what leaves here, whoever said it.
	defer func() { err = toStatus(err, uris) }()
	rows, err := s.runner.Query(stream.Context(), q)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := stream.Send(progressEvent(rows.Progress())); err != nil {
		return err
	}
	return s.forward(stream, rows)
}

// forward sends what comes of the query. One goroutine sends all; progress is
// told also while there are no rows.
func (s *Server) forward(stream query.Query_RunServer, rows *Rows) error {
	ctx := stream.Context()
	tick := time.NewTicker(s.interval)
	defer tick.Stop()
	var writer *ipc.Writer
	for {
		batch, err := next(ctx, rows, tick.C)
		ended := errors.Is(err, io.EOF)
		switch {
		case err != nil && !ended:
			return err
		case batch == nil && !ended:
			if err := stream.Send(progressEvent(rows.Progress())); err != nil {
				return err
			}
			continue
		}
		if writer == nil {
			schema, err := rows.Schema(ctx)
			if err != nil {
				return err
			}
			writer = ipc.NewWriter(chunks{stream}, ipc.WithSchema(schema))
		}
		if ended {
			return errors.Join(writer.Close(), stream.Send(progressEvent(rows.Progress())))
		}
		err = writer.Write(batch)
		batch.Release()
		if err != nil {
			return err
		}
	}
}

// next returns the next batch, or none at a tick.
func next(ctx context.Context, rows *Rows, tick <-chan time.Time) (arrow.RecordBatch, error) {
	select {
	case batch := <-rows.batches:
		return batch, nil
	case <-tick:
		return nil, nil
	case <-rows.done:
		return rows.Next(ctx)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// chunks sends bytes in messages that are not too large.
type chunks struct {
	stream query.Query_RunServer
}

// maxChunk is the largest message. Unit: bytes.
const maxChunk = 1 << 20

// Write implements io.Writer.
func (c chunks) Write(b []byte) (int, error) {
	for chunk := range slices.Chunk(b, maxChunk) {
		if err := c.stream.Send(&query.Event{Event: &query.Event_Rows{Rows: chunk}}); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

func progressEvent(p Progress) *query.Event {
	stages, err := json.Marshal(p.Stages)
	if err != nil { // plain data always can be written
		panic(fmt.Sprintf("write stages: %v", err))
	}
	return &query.Event{Event: &query.Event_Progress{Progress: &query.Progress{Rows: p.Rows, Stages: stages}}}
}

// toStatus is an error as it travels.
func toStatus(err error, uris []recon.URI) error {
	if err == nil {
		return nil
	}
	code := codes.Internal
	var limits interface {
		OutOfMemory() bool
		OutOfDisk() bool
	}
	var fault interface{ QueryFault() bool }
	var input interface{ InputFault() bool }
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, errClosed):
		code = codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		code = codes.DeadlineExceeded
	case recon.IsInput(err), errors.As(err, &input) && input.InputFault(), errors.As(err, &fault) && fault.QueryFault():
		code = codes.InvalidArgument
	case errors.As(err, &limits) && (limits.OutOfMemory() || limits.OutOfDisk()):
		code = codes.ResourceExhausted
	}
	return status.Error(code, recon.Scrub(err.Error(), uris...))
}
