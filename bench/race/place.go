package race

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"kallad/bench/dataset"
	"kallad/bench/scenario"
	"kallad/bench/server"
)

// place is where a scenario's data lies.
type place struct {
	// left and right are the sources' URIs.
	left, right string
	// env are variables that kallad needs to get there.
	env []string
	// peers are those that read there, by name; others read the files.
	peers map[string]command
	// release ends the servers.
	release func() error
}

// open brings the data to where the scenario wants it.
func (r *Runner) open(ctx context.Context, s scenario.Scenario, data *dataset.Dataset) (*place, error) {
	switch s.Source {
	case scenario.Postgres:
		r.cfg.Log("%s: loading Postgres", s.Name)
		return openPostgres(ctx, s, data)
	case scenario.S3:
		r.cfg.Log("%s: loading S3", s.Name)
		return openS3(ctx, r.cfg.Checkout, data)
	}
	return &place{
		left: filepath.Join(data.Dir, data.Left.Name), right: filepath.Join(data.Dir, data.Right.Name),
		release: func() error { return nil },
	}, nil
}

// openS3 puts the files into a bucket of a server that runs until it is
// released.
func openS3(ctx context.Context, checkout string, data *dataset.Dataset) (*place, error) {
	s3, err := server.StartS3(ctx, checkout)
	if err != nil {
		return nil, err
	}
	p := &place{env: s3.Env(), release: s3.Stop}
	for _, f := range []struct {
		name string
		uri  *string
	}{{data.Left.Name, &p.left}, {data.Right.Name, &p.right}} {
		if *f.uri, err = s3.Put(ctx, filepath.Join(data.Dir, f.name)); err != nil {
			return nil, errors.Join(fmt.Errorf("load S3: %w", err), s3.Stop())
		}
	}
	return p, nil
}
