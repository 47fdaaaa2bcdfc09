package source

import (
	"context"
	"fmt"
	"path"
	"sort"
	"strings"

	"kallad/worker/recon"
)

// Opener opens the sources of one kind. Open is cheap: it checks the URI's
// form, and touches the data only as far as it must.
type Opener interface {
	Open(ctx context.Context, uri recon.URI) (Source, error)
}

// Registry finds the opener for a URI: by scheme for databases, by the file
// name's ending for files. It is filled once and then only read.
type Registry struct {
	byScheme map[string]Opener
	byFormat map[string]Opener
}

// NewRegistry returns a registry without openers.
func NewRegistry() *Registry {
	return &Registry{byScheme: map[string]Opener{}, byFormat: map[string]Opener{}}
}

// AddScheme registers the opener of a database's URI scheme.
func (r *Registry) AddScheme(scheme string, o Opener) { r.byScheme[scheme] = o }

// AddFormat registers the opener of a file format, such as "csv".
func (r *Registry) AddFormat(format string, o Opener) { r.byFormat[format] = o }

// Open opens the source that uri names.
func (r *Registry) Open(ctx context.Context, uri recon.URI) (Source, error) {
	if o, ok := r.byScheme[uri.Scheme()]; ok {
		return o.Open(ctx, uri)
	}
	if o, ok := r.byFormat[Format(uri)]; ok {
		return o.Open(ctx, uri)
	}
	if _, _, err := SplitAddress(uri); err != nil {
		return nil, err
	}
	return nil, recon.Input(fmt.Errorf("source %s: its name does not say what it is; readable are %s, and any file with format=csv or format=parquet in its address",
		uri, strings.Join(r.kinds(), ", ")))
}

// Check reports what is wrong with a source's URI as far as can be told at
// once: for those kinds of sources whose opener has such a method.
func (r *Registry) Check(uri recon.URI) error {
	o, ok := r.byScheme[uri.Scheme()]
	if !ok {
		o = r.byFormat[Format(uri)]
	}
	if checker, ok := o.(interface{ Check(recon.URI) error }); ok {
		return checker.Check(uri)
	}
	return nil
}

func (r *Registry) kinds() []string {
	var kinds []string
	for s := range r.byScheme {
		kinds = append(kinds, s+"://")
	}
	for f := range r.byFormat {
		kinds = append(kinds, "*."+f)
	}
	sort.Strings(kinds)
	return kinds
}

// Format returns the file format that a URI names: the value of its "format"
// parameter, else the ending of its path, past a compression's ending.
func Format(uri recon.URI) string {
	p, params, err := SplitAddress(uri)
	if err != nil {
		p, _, _ = strings.Cut(uri.Reveal(), "?")
	}
	for _, param := range params {
		if param.Key == "format" {
			return strings.ToLower(param.Value)
		}
	}
	ext := strings.ToLower(path.Ext(p))
	if ext == ".gz" || ext == ".zst" || ext == ".gzip" || ext == ".zstd" {
		ext = strings.ToLower(path.Ext(strings.TrimSuffix(strings.ToLower(p), ext)))
	}
	switch ext {
	case ".tsv":
		return "csv"
	case ".pq":
		return "parquet"
	}
	return strings.TrimPrefix(ext, ".")
}
