package evidence

import (
	"encoding/json"
	"fmt"
	"regexp"

	"kallad/worker/recon"
)

// Metadata is what metadata.json tells about the run.
type Metadata struct {
	// Job is the request as it came; credentials in it are redacted here.
	Job recon.Job
	// Result is the outcome, whose counts must be those of the files.
	Result recon.Result
	// Version of kallad.
	Version string
}

// metadataFormat changes whenever a field changes its meaning.
const metadataFormat = 1

// document is the form of metadata.json.
type document struct {
	FormatVersion   int                   `json:"format_version"`
	Version         string                `json:"version"`
	Sources         []sourceDocument      `json:"sources"`
	MatchSQL        string                `json:"match_sql"`
	OutputPath      string                `json:"output_path"`
	EvidenceColumns recon.EvidenceColumns `json:"evidence_columns"`
	recon.Result
	Files []FileInfo `json:"files"`
}

type sourceDocument struct {
	Alias      string                  `json:"alias"`
	Role       string                  `json:"role"`
	URI        string                  `json:"uri"`
	Filters    []recon.FilterCondition `json:"filters"`
	PrimaryKey []string                `json:"primary_key,omitempty"`
}

// document returns metadata.json, without credentials.
func (m Metadata) document(files []*File) ([]byte, error) {
	d := document{
		FormatVersion:   metadataFormat,
		Version:         m.Version,
		Sources:         m.sources(),
		MatchSQL:        redactURLs(m.Job.MatchSQL),
		OutputPath:      recon.RedactURL(m.Job.OutputPath),
		EvidenceColumns: m.Job.EvidenceColumns,
		Result:          m.cleanResult(),
	}
	if d.EvidenceColumns == "" {
		d.EvidenceColumns = recon.EvidenceQuery
	}
	for _, f := range files {
		d.Files = append(d.Files, f.info())
	}
	out, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", MetadataFile, err)
	}
	return append(out, '\n'), nil
}

func (m Metadata) sources() []sourceDocument {
	roles := []string{string(Left), string(Right)}
	out := make([]sourceDocument, len(m.Job.Sources))
	for i, s := range m.Job.Sources {
		out[i] = sourceDocument{Alias: s.Alias, Role: "extra", URI: s.URI.String(), Filters: s.Filters, PrimaryKey: m.Job.PrimaryKeys[s.Alias]}
		if i < len(roles) {
			out[i].Role = roles[i]
		}
		if out[i].Filters == nil {
			out[i].Filters = []recon.FilterCondition{}
		}
	}
	return out
}

// cleanResult scrubs the free text of the result.
func (m Metadata) cleanResult() recon.Result {
	uris := make([]recon.URI, len(m.Job.Sources))
	for i, s := range m.Job.Sources {
		uris[i] = s.URI
	}
	r := m.Result
	r.Notes = make([]string, len(m.Result.Notes))
	for i, n := range m.Result.Notes {
		r.Notes[i] = recon.Scrub(n, uris...)
	}
	r.OutputPaths = recon.OutputPaths{
		Matched:        recon.RedactURL(r.OutputPaths.Matched),
		UnmatchedLeft:  recon.RedactURL(r.OutputPaths.UnmatchedLeft),
		UnmatchedRight: recon.RedactURL(r.OutputPaths.UnmatchedRight),
	}
	return r
}

// address finds URLs in a query.
var address = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s'"]*`)

// redactURLs redacts the URLs in a query and leaves all else of it alone:
// redacting the whole text would mangle a condition such as l.token=r.token.
func redactURLs(sql string) string {
	return address.ReplaceAllStringFunc(sql, recon.RedactURL)
}
