package recon

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ValidateOptions says what a job must have beyond what every job must.
type ValidateOptions struct {
	// RequireCallback makes callback_url a required field.
	RequireCallback bool
}

// maxAlias bounds an alias; it becomes part of table and file names.
const maxAlias = 128

const (
	// maxAddress bounds a source's and a callback's address, in bytes.
	maxAddress = 8 << 10
	// maxOutputPath bounds output_path, in bytes: S3 takes no longer keys, and
	// folders by the thousand take a file system minutes.
	maxOutputPath = 1 << 10
)

// runID is safe as one part of a path and as a header's value.
var runID = regexp.MustCompile(`^[A-Za-z0-9_:-][A-Za-z0-9._:-]{0,127}$`)

// Validate returns a *ValidationError that names every wrong field, nil when
// the job can be run as far as its own text tells.
func (j *Job) Validate(opts ValidateOptions) error {
	p := &problems{}
	j.check(p, opts)
	return p.err()
}

func (j *Job) check(p *problems, opts ValidateOptions) {
	switch {
	case j.RunID == "":
		p.add("run_id", "is required")
	case !runID.MatchString(j.RunID):
		p.add("run_id", "must be 1 to 128 letters, digits, '-', '_', ':' or '.', and not begin with '.'; a UUID is best")
	}
	checkCallback(p, j.CallbackURL, opts)
	switch {
	case strings.TrimSpace(j.MatchSQL) == "":
		p.add("match_sql", "is required: one SELECT over the sources' aliases")
	case strings.ContainsRune(j.MatchSQL, 0):
		p.add("match_sql", "must not have the character NUL")
	}
	j.checkSources(p)
	checkOutputPath(p, j.OutputPath)
	switch j.EvidenceColumns {
	case "", EvidenceQuery, EvidenceAll:
	default:
		p.add("evidence_columns", "must be %q or %q, not %q", EvidenceQuery, EvidenceAll, string(j.EvidenceColumns))
	}
	j.checkKeys(p)
}

// checkCallback never repeats the URL, which may hold credentials.
func checkCallback(p *problems, raw string, opts ValidateOptions) {
	const field = "callback_url"
	if raw == "" {
		if opts.RequireCallback {
			p.add(field, "is required: the URL that progress and the outcome are posted to")
		}
		return
	}
	if len(raw) > maxAddress {
		p.add(field, "is longer than %d bytes", maxAddress)
		return
	}
	u, err := url.Parse(raw)
	if err != nil {
		p.add(field, "is not a valid URL; give one such as http://app:3000/api/worker")
		return
	}
	port, portErr := strconv.Atoi(u.Port())
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		p.add(field, "must begin with http:// or https://")
	case u.Hostname() == "":
		p.add(field, "has no host")
	case u.Port() != "" && (portErr != nil || port < 1 || port > 65535):
		p.add(field, "has a port that is not between 1 and 65535")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		p.add(field, "must not have a fragment (the part from '#' on)")
	}
}

func checkOutputPath(p *problems, path string) {
	const field = "output_path"
	bucket, isS3 := strings.CutPrefix(path, "s3://")
	hasScheme := strings.Contains(path, "://")
	bucket, _, _ = strings.Cut(bucket, "/")
	switch {
	case strings.TrimSpace(path) == "":
		p.add(field, "is required: a folder, or s3://bucket/prefix")
	case len(path) > maxOutputPath:
		p.add(field, "is longer than %d bytes", maxOutputPath)
	case hasControl(path):
		p.add(field, "must not have control characters")
	case hasDotDot(path):
		p.add(field, "must not have '..' as a part")
	case isS3 && bucket == "":
		p.add(field, "has no bucket; give s3://bucket/prefix")
	case !isS3 && hasScheme:
		p.add(field, "has a scheme that cannot be written to; give a folder, or s3://bucket/prefix")
	}
}

// hasDotDot looks at both kinds of slash: what is a plain name here may be a
// way out where the path is used.
func hasDotDot(path string) bool {
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == ".." {
			return true
		}
	}
	return false
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

// checkKeys wants keys for the left and the right side, and none for a table
// that is not there.
func (j *Job) checkKeys(p *problems) {
	const field = "primary_keys"
	aliasesKnown := j.aliasesKnown(p)
	if len(j.PrimaryKeys) == 0 {
		p.add(field, "is required: the key columns of the first two sources, by alias")
		return
	}
	aliases := make([]string, 0, len(j.Sources))
	for i, s := range j.Sources {
		aliases = append(aliases, s.Alias)
		if _, ok := j.PrimaryKeys[s.Alias]; !ok && i < 2 && aliasesKnown {
			p.add(field+"."+s.Alias, "is required: the columns that identify a row of %s", s.Alias)
		}
	}
	for _, alias := range slices.Sorted(maps.Keys(j.PrimaryKeys)) {
		at := field + "." + alias
		if aliasesKnown && !slices.Contains(aliases, alias) {
			p.add(at, "is not the alias of a source; the aliases are %s", strings.Join(aliases, ", "))
		}
		checkKeyColumns(p, at, j.PrimaryKeys[alias])
	}
}

// aliasesKnown reports whether the aliases are right as far as they go, so
// that keys can be held against them without blaming the keys.
func (j *Job) aliasesKnown(p *problems) bool {
	for i := range j.Sources {
		if p.has(fmt.Sprintf("sources[%d].alias", i)) {
			return false
		}
	}
	return !p.has("sources") && len(j.Sources) >= 2
}

func checkKeyColumns(p *problems, at string, columns []string) {
	if len(columns) == 0 {
		p.add(at, "needs at least one column")
	}
	seen := map[string]bool{}
	for i, c := range columns {
		field := fmt.Sprintf("%s[%d]", at, i)
		folded := strings.ToLower(c)
		switch {
		case c == "" || hasControl(c):
			p.add(field, "must be the name of a column")
		case seen[folded]:
			p.add(field, "names the column %q a second time", clip(c))
		}
		seen[folded] = true
	}
}
