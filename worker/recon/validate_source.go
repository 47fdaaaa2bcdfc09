package recon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// operators lists the filter operators as messages name them.
var operators = []string{
	string(OpEq), string(OpNeq), string(OpGt), string(OpGte), string(OpLt),
	string(OpLte), string(OpBetween), string(OpIn), string(OpLike),
}

func (j *Job) checkSources(p *problems) {
	if len(j.Sources) < 2 {
		p.add("sources", "needs at least two: the left side, then the right side")
	}
	checkSources(p, j.Sources)
}

// ValidateSources reports everything that is wrong with sources, however many
// there are, as a ValidationError.
func ValidateSources(sources []Source) error {
	var p problems
	checkSources(&p, sources)
	return p.err()
}

// maxSources bounds the sources of one job: each is open, with a connection of
// its own perhaps, as long as the job runs.
const maxSources = 100

func checkSources(p *problems, sources []Source) {
	if len(sources) > maxSources {
		p.add("sources", "has %d; one job may have %d", len(sources), maxSources)
		return
	}
	seen := map[string]int{}
	for i, s := range sources {
		at := fmt.Sprintf("sources[%d]", i)
		checkAlias(p, at+".alias", s.Alias)
		folded := strings.ToLower(s.Alias)
		if first, ok := seen[folded]; ok && s.Alias != "" {
			p.add(at+".alias", "is the alias of sources[%d] as well; upper and lower case are the same in SQL", first)
		} else {
			seen[folded] = i
		}
		checkSourceURI(p, at+".uri", s.URI)
		for n, f := range s.Filters {
			f.check(p, fmt.Sprintf("%s.filters[%d]", at, n))
		}
	}
}

func checkAlias(p *problems, field, alias string) {
	switch {
	case alias == "":
		p.add(field, "is required: the table name that match_sql uses")
	case len(alias) > maxAlias:
		p.add(field, "is longer than %d characters", maxAlias)
	case !plainIdentifier.MatchString(alias):
		p.add(field, "must be a plain SQL name: letters, digits and '_', not beginning with a digit")
	case isReserved(alias):
		p.add(field, "is the SQL word %q, which cannot name a table; take another, such as %q", alias, alias+"_src")
	}
}

// checkSourceURI looks only at what is the same for every reader of a scheme,
// and never repeats the URI, which may hold credentials.
func checkSourceURI(p *problems, field string, uri URI) {
	raw := uri.Reveal()
	_, rest, _ := strings.Cut(raw, "://")
	location, _, _ := strings.Cut(rest, "?")
	switch {
	case strings.TrimSpace(raw) == "":
		p.add(field, "is required: postgres://...?table=name, s3://bucket/key, file:///path or a path")
		return
	case len(raw) > maxAddress:
		p.add(field, "is longer than %d bytes", maxAddress)
		return
	case hasControl(raw):
		p.add(field, "must not have control characters")
		return
	}
	switch uri.Scheme() {
	case "postgres", "postgresql":
		if !namesTable(rest) {
			p.add(field, "names no table; add ?table=name or ?table=schema.name")
		}
	case "s3":
		if bucket, key, _ := strings.Cut(location, "/"); bucket == "" || key == "" {
			p.add(field, "must name a bucket and a key, as in s3://bucket/key.csv")
		}
	case "file":
		if strings.Contains(raw, "://") && location == "" {
			p.add(field, "has no path; give file:///path")
		}
	default:
		p.add(field, "has a scheme that nothing here reads; give postgres://, s3://, file:// or a path")
	}
}

// namesTable works on the text, because the URLs that Postgres clients take,
// with several hosts for one, are not all URLs to a URL parser.
func namesTable(rest string) bool {
	at := strings.LastIndexByte(rest, '?')
	for pair := range strings.SplitSeq(rest[at+1:], "&") {
		value, ok := strings.CutPrefix(pair, "table=")
		name, err := url.QueryUnescape(value)
		if ok && at >= 0 && err == nil && strings.TrimSpace(name) != "" {
			return true
		}
	}
	return false
}

func (f FilterCondition) check(p *problems, at string) {
	if f.Column == "" || hasControl(f.Column) {
		p.add(at+".column", "is required: the name of a column")
	}
	if f.Op == "" {
		p.add(at+".op", "is required: one of %s", strings.Join(operators, ", "))
	} else if !slices.Contains(operators, string(f.Op)) {
		p.add(at+".op", "%q is not an operator; give one of %s", clip(string(f.Op)), strings.Join(operators, ", "))
	}
	if absent(f.Value) {
		p.add(at+".value", "is required, and not null: nothing compares to null")
		return
	}
	f.checkValue(p, at+".value")
}

func (f FilterCondition) checkValue(p *problems, at string) {
	kind := kindOf(f.Value)
	switch f.Op {
	case OpBetween, OpIn:
		if kind != "a list" {
			p.add(at, "must be a list for %q, not %s", string(f.Op), kind)
			return
		}
		f.checkList(p, at)
	case OpLike:
		if kind != "a string" {
			p.add(at, "must be a pattern, as a string, for \"like\", not %s", kind)
		}
	case OpEq, OpNeq, OpGt, OpGte, OpLt, OpLte:
		if !scalar(f.Value) {
			p.add(at, "must be a string, a number or a boolean for %q, not %s", string(f.Op), kind)
		}
	}
}

func (f FilterCondition) checkList(p *problems, at string) {
	var list []json.RawMessage
	if err := json.Unmarshal(f.Value, &list); err != nil {
		p.add(at, "is not a JSON list")
		return
	}
	if f.Op == OpBetween && len(list) != 2 {
		p.add(at, "must have two elements for \"between\", the lower and the upper bound, not %d", len(list))
		return
	}
	if len(list) == 0 {
		p.add(at, "must have at least one element for \"in\"")
	}
	for i, v := range list {
		if !scalar(v) {
			p.add(fmt.Sprintf("%s[%d]", at, i), "must be a string, a number or a boolean, not %s", kindOf(v))
		}
	}
}

// scalar reports whether raw is one string, number or boolean.
func scalar(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return json.Valid(raw) && raw[0] != '{' && raw[0] != '[' && string(raw) != "null"
}

// clip keeps what a message repeats of a request short.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "..."
	}
	return s
}
