package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"kallad/worker/blob"
	"kallad/worker/callback"
	"kallad/worker/client"
	"kallad/worker/recon"
)

// checkS3 looks at an object or a prefix.
func (f *doctorFlags) checkS3(ctx context.Context, address string) finding {
	check := "S3 " + recon.RedactURL(address)
	if !strings.HasPrefix(strings.ToLower(address), "s3://") {
		return broken(check, "give an address such as s3://bucket/folder/", "that is no s3:// address")
	}
	stores, err := f.engine.stores.open(nil, nil)
	if err != nil {
		return broken(check, "see the --s3 settings", "%v", err)
	}
	began := time.Now()
	if strings.HasSuffix(address, "/") {
		infos, err := stores.store.List(ctx, address)
		switch {
		case errors.Is(err, blob.ErrNotFound):
			return fine(check, "reached in %s; nothing is there yet", seconds(time.Since(began)))
		case err == nil:
			return fine(check, "reached in %s; %s objects", seconds(time.Since(began)), group(int64(len(infos))))
		}
		return s3Finding(check, err)
	}
	info, err := stores.store.Stat(ctx, address)
	if err != nil {
		return s3Finding(check, err)
	}
	return fine(check, "reached in %s; %s", seconds(time.Since(began)), formatBytes(info.Size))
}

func s3Finding(check string, err error) finding {
	found := recon.RedactURL(err.Error())
	switch {
	case errors.Is(err, blob.ErrPermission):
		return broken(check, "see AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of this machine, and what the bucket's policy lets it do", "%s", found)
	case errors.Is(err, blob.ErrNotFound):
		return broken(check, "see the bucket's and the object's name, and --s3-endpoint", "%s", found)
	}
	return broken(check, "see --s3-endpoint (AWS_ENDPOINT_URL), --s3-region (AWS_REGION) and the network between", "%s", found)
}

// checkPostgres describes a table as a job would.
func (f *doctorFlags) checkPostgres(ctx context.Context, address string) finding {
	uri := recon.URI(address)
	check := "Postgres " + uri.String()
	fail := func(err error) finding {
		return broken(check, "see host, user, password, table and pg_hba.conf; kallad inspect shows more", "%s", recon.Scrub(err.Error(), uri))
	}
	if scheme := uri.Scheme(); scheme != "postgres" && scheme != "postgresql" {
		return broken(check, "give an address such as postgres://user@host/db?table=name", "that is no postgres:// address")
	}
	stores, err := f.engine.stores.open(nil, nil)
	if err != nil {
		return fail(err)
	}
	began := time.Now()
	src, err := stores.sources.Open(ctx, uri)
	if err != nil {
		return fail(err)
	}
	about, err := src.Describe(ctx)
	if err = errors.Join(err, src.Close()); err != nil {
		return fail(err)
	}
	found := fmt.Sprintf("reached in %s; %d columns", seconds(time.Since(began)), about.Schema.NumFields())
	if about.Rows >= 0 {
		found += ", about " + group(about.Rows) + " rows"
	}
	if len(about.Notes) > 0 {
		found += "; " + strings.Join(about.Notes, "; ")
	}
	return fine(check, "%s", recon.Scrub(found, uri))
}

// clockOff is how far two clocks may be apart.
const clockOff = 5 * time.Second

// checkScheduler asks a scheduler over HTTP, or over gRPC where no http address
// is given.
func (f *doctorFlags) checkScheduler(ctx context.Context, address string, log *slog.Logger) finding {
	check := "scheduler " + recon.RedactURL(address)
	guard, err := f.guard.openCaller(log)
	if err != nil {
		return broken(check, "see the --token and --tls settings", "%v", err)
	}
	if !strings.Contains(address, "://") {
		return checkRPC(ctx, check, address, guard.DialOptions())
	}
	c, err := client.New(client.Config{URL: address, Guard: guard, Version: version(), RequestTimeout: f.timeout})
	if err != nil {
		return broken(check, "give an address such as http://scheduler:8080, or host:port for gRPC", "%v", err)
	}
	defer c.Close()
	probe, err := c.Probe(ctx)
	if err != nil {
		return broken(check, "see that it runs, its address and port, the --token and --tls settings, and the network between", "%v", err)
	}
	found := fmt.Sprintf("version %s, reached in %s", probe.Version, seconds(probe.Took))
	if off := probe.ClockOff.Abs(); off > clockOff {
		return doubtful(check, "let both machines' clocks be kept right", "%s; its clock is %s off from this one", found, off.Round(time.Second))
	}
	if len(probe.Problems) > 0 {
		return doubtful(check, "wait, or see its log", "%s; it takes no jobs now: %s", found, strings.Join(probe.Problems, "; "))
	}
	return fine(check, "%s", found)
}

func checkRPC(ctx context.Context, check, address string, options []grpc.DialOption) finding {
	const do = "see that it runs, its --grpc-port, the --token and --tls settings, and the network between"
	conn, err := grpc.NewClient(address, options...)
	if err != nil {
		return broken(check, do, "%v", err)
	}
	defer conn.Close()
	began := time.Now()
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil {
		return broken(check, do, "%v", err)
	}
	if answer.Status != healthpb.HealthCheckResponse_SERVING {
		return doubtful(check, "wait, or see its log", "reached, and says %s", answer.Status)
	}
	return fine(check, "takes executors, reached in %s", seconds(time.Since(began)))
}

// checkCallback connects to a callback's host and posts nothing.
func (f *doctorFlags) checkCallback(ctx context.Context, address string, log *slog.Logger) finding {
	target, err := callback.ParseTarget(address)
	if err != nil {
		return broken("callback "+recon.RedactURL(address), "give an http or https URL", "%v", err)
	}
	check := "callback " + target.String()
	poster, _, err := f.outbound.open(log)
	if err != nil {
		return broken(check, "see the --callback settings", "%v", err)
	}
	began := time.Now()
	if err := poster.Reach(ctx, target); err != nil {
		return broken(check, "see that it runs, its name and port, --callback-allow, and the network between", "%v", err)
	}
	return fine(check, "reached in %s; nothing was posted", seconds(time.Since(began)))
}
