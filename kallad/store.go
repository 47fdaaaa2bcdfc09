package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"kallad/worker/blob"
	"kallad/worker/reach"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
	"kallad/worker/source/parquet"
	"kallad/worker/source/postgres"
)

// storeFlags say where sources and files may be and how S3 is reached.
// Credentials come from the usual AWS chain and never from a flag.
type storeFlags struct {
	sourceRoots   []string
	sourceAllow   []string
	denyPrivate   bool
	postgresLocal bool
	s3            blob.S3Config
	// meter, if set, counts what is read.
	meter source.Meter
}

// register takes whether addresses come from the person who runs the process,
// and so may use what is on the machine.
func (f *storeFlags) register(flags *pflag.FlagSet, own bool) {
	flags.StringSliceVar(&f.sourceRoots, "source-root", nil, "folder that local sources must be in; repeatable (default: anywhere)")
	flags.StringSliceVar(&f.sourceAllow, "source-allow", nil, "where other sources may be: for Postgres host, host:port, *.suffix, address or address/bits, for S3 s3://bucket or s3://bucket/prefix; repeatable (default: anywhere)")
	flags.BoolVar(&f.denyPrivate, "source-deny-private", false, "refuse Postgres servers at private and loopback addresses that --source-allow does not have as addresses")
	flags.BoolVar(&f.postgresLocal, "postgres-local", own, "let Postgres addresses use files, services, sockets and kept passwords of this machine")
	flags.StringVar(&f.s3.Region, "s3-region", "", "region of s3:// buckets (default: what the AWS chain says)")
	flags.StringVar(&f.s3.EndpointURL, "s3-endpoint", "", "address of another service that speaks S3 (default: Amazon's)")
	flags.BoolVar(&f.s3.AllowHTTP, "s3-allow-http", false, "let --s3-endpoint be http://, unencrypted")
	env(flags, "source-root", "SOURCE_ROOTS")
	env(flags, "source-allow", "SOURCE_ALLOW")
	env(flags, "source-deny-private", "SOURCE_DENY_PRIVATE")
	env(flags, "postgres-local", "POSTGRES_LOCAL")
	env(flags, "s3-region", "AWS_REGION")
	env(flags, "s3-endpoint", "AWS_ENDPOINT_URL")
	env(flags, "s3-allow-http", "AWS_ALLOW_HTTP")
}

// stores are where jobs read and write.
type stores struct {
	store   blob.Store
	sources *source.Registry
}

// open returns the stores of local files and S3 objects and the sources in
// them. What is written goes below outputRoots: local folders, unless there is
// none, and S3 prefixes, unless there is none. private is never read.
func (f *storeFlags) open(outputRoots, private []string) (*stores, error) {
	s3, s3Err := blob.NewS3(f.s3)
	localRoots, s3Roots := splitS3(outputRoots)
	hosts, buckets := splitS3(f.sourceAllow)
	roots := blob.S3Roots{Read: buckets, ReadNone: len(hosts) > 0, Write: s3Roots}
	rules, rulesErr := f.rules(hosts, len(buckets) > 0)
	rootsErr := roots.Validate()
	if rootsErr != nil {
		rootsErr = fmt.Errorf("--source-allow, --output-root: %w", rootsErr)
	}
	if err := errors.Join(s3Err, rulesErr, rootsErr); err != nil {
		return nil, err
	}
	local := blob.NewLocal(blob.LocalConfig{ReadRoots: f.sourceRoots, WriteRoots: localRoots, Private: private})
	store := blob.NewMux(local, blob.ConfineS3(s3, roots))
	return &stores{store: store, sources: newSources(store, postgres.Config{Reach: rules, Local: f.postgresLocal}, f.meter)}, nil
}

// openOutput returns the store that reads again what jobs left below
// outputRoots.
func (f *storeFlags) openOutput(outputRoots []string) (blob.Store, error) {
	s3, err := blob.NewS3(f.s3)
	if err != nil {
		return nil, err
	}
	localRoots, s3Roots := splitS3(outputRoots)
	local := blob.NewLocal(blob.LocalConfig{ReadRoots: localRoots, WriteRoots: localRoots})
	return blob.NewMux(local, blob.ConfineS3(s3, blob.S3Roots{Read: s3Roots, Write: s3Roots})), nil
}

// nowhere is a host that there is not (RFC 6761): alone in a list, it leaves
// nowhere to connect to.
const nowhere = "nowhere.invalid"

// rules are those of Postgres servers. A list of buckets alone means that
// there is no server.
func (f *storeFlags) rules(hosts []string, buckets bool) (reach.Rules, error) {
	if len(hosts) == 0 && buckets {
		hosts = []string{nowhere}
	}
	return reach.New(reach.Config{
		Allow: hosts, AllowSetting: "--source-allow",
		DenyPrivate: f.denyPrivate, DenySetting: "--source-deny-private",
	})
}

func splitS3(list []string) (other, s3 []string) {
	for _, text := range list {
		if strings.HasPrefix(strings.ToLower(text), "s3://") {
			s3 = append(s3, text)
		} else {
			other = append(other, text)
		}
	}
	return other, s3
}

// The kinds of sources, as the metrics have them.
const (
	kindPostgres = "postgres"
	kindCSV      = "csv"
	kindParquet  = "parquet"
)

// newSources is the one place that knows which kinds of sources there are.
func newSources(store blob.Store, pg postgres.Config, meter source.Meter) *source.Registry {
	sources := source.NewRegistry()
	metered := func(kind string, opener source.Opener) source.Opener {
		if meter == nil {
			return opener
		}
		return source.Metered(opener, kind, meter)
	}
	tables := metered(kindPostgres, postgres.New(pg))
	sources.AddScheme("postgres", tables)
	sources.AddScheme("postgresql", tables)
	sources.AddFormat("csv", metered(kindCSV, csv.New(store, csv.Config{})))
	sources.AddFormat("parquet", metered(kindParquet, parquet.New(store, parquet.Config{})))
	return sources
}

// check names the sources of a job that cannot be reached from here.
func (s *stores) check(job *recon.Job) []recon.FieldError {
	var wrong []recon.FieldError
	for i, src := range job.Sources {
		if err := s.sources.Check(src.URI); err != nil {
			wrong = append(wrong, recon.FieldError{Field: fmt.Sprintf("sources[%d].uri", i), Message: recon.Scrub(err.Error(), src.URI)})
		}
	}
	return wrong
}
