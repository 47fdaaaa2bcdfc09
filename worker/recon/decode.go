package recon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Decode reads a job from its JSON document and validates it.
//
// The error is a *SyntaxError (with line and column) when data is no JSON
// document, or a *ValidationError that names every wrong field; IsInput holds
// for both. A field that the contract does not know is ignored, as callers
// may send more than kallad reads, unless it looks like a misspelling of a
// known field that is absent. A null counts as absent.
func Decode(data []byte, opts ValidateOptions) (*Job, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := checkSyntax(data); err != nil {
		return nil, Input(err)
	}
	if start := bytes.TrimSpace(data); start[0] != '{' {
		at := bytes.IndexByte(data, start[0])
		return nil, Input(syntaxErrorAt(data, at, "found "+kindOf(start)+", expected the job as an object"))
	}
	d := &decoder{}
	job := d.job(data)
	job.check(&d.problems, opts)
	if err := d.problems.err(); err != nil {
		return nil, err
	}
	if job.EvidenceColumns == "" {
		job.EvidenceColumns = EvidenceQuery
	}
	return job, nil
}

// decoder turns a well-formed document into a job. It goes on past values of
// a wrong type, so that all of them are named at once.
type decoder struct {
	problems problems
}

func (d *decoder) job(raw json.RawMessage) *Job {
	job := &Job{}
	o := d.object("", raw, "run_id", "callback_url", "match_sql", "sources", "output_path", "evidence_columns", "primary_keys")
	job.RunID = d.text("run_id", o["run_id"])
	job.CallbackURL = d.text("callback_url", o["callback_url"])
	job.MatchSQL = d.text("match_sql", o["match_sql"])
	for i, s := range d.array("sources", o["sources"]) {
		job.Sources = append(job.Sources, d.source(fmt.Sprintf("sources[%d]", i), s))
	}
	job.OutputPath = d.text("output_path", o["output_path"])
	job.EvidenceColumns = EvidenceColumns(d.text("evidence_columns", o["evidence_columns"]))
	job.PrimaryKeys = d.keys("primary_keys", o["primary_keys"])
	return job
}

func (d *decoder) source(path string, raw json.RawMessage) Source {
	o := d.object(path, raw, "alias", "uri", "filters")
	s := Source{
		Alias: d.text(path+".alias", o["alias"]),
		URI:   URI(d.text(path+".uri", o["uri"])),
	}
	for i, f := range d.array(path+".filters", o["filters"]) {
		s.Filters = append(s.Filters, d.filter(fmt.Sprintf("%s.filters[%d]", path, i), f))
	}
	return s
}

func (d *decoder) filter(path string, raw json.RawMessage) FilterCondition {
	o := d.object(path, raw, "column", "op", "value")
	return FilterCondition{
		Column: d.text(path+".column", o["column"]),
		Op:     Operator(d.text(path+".op", o["op"])),
		Value:  slices.Clone(o["value"]),
	}
}

func (d *decoder) keys(path string, raw json.RawMessage) map[string][]string {
	members := d.members(path, raw)
	if members == nil {
		return nil
	}
	keys := map[string][]string{}
	for _, m := range members {
		columns := []string{}
		at := path + "." + m.name
		for i, c := range d.array(at, m.value) {
			columns = append(columns, d.text(fmt.Sprintf("%s[%d]", at, i), c))
		}
		keys[m.name] = columns
	}
	return keys
}

// text returns the string in raw, "" when it is absent or of another type.
func (d *decoder) text(path string, raw json.RawMessage) string {
	if absent(raw) {
		return ""
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		d.problems.add(path, "must be a string, not %s", kindOf(raw))
	}
	return s
}

func (d *decoder) array(path string, raw json.RawMessage) []json.RawMessage {
	if absent(raw) {
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		d.problems.add(path, "must be a list, not %s", kindOf(raw))
	}
	return list
}

// object returns the known fields of the object in raw, without the absent
// ones, and reports unknown fields that look like an absent known one.
func (d *decoder) object(path string, raw json.RawMessage, known ...string) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	var unknown []string
	for _, m := range d.members(path, raw) {
		switch {
		case !slices.Contains(known, m.name):
			unknown = append(unknown, m.name)
		case !absent(m.value):
			fields[m.name] = m.value
		}
	}
	missing := slices.DeleteFunc(slices.Clone(known), func(k string) bool { return fields[k] != nil })
	for _, name := range unknown {
		if meant := nearest(name, missing); meant != "" {
			d.problems.add(join(path, meant), "is absent, and %q is not a field; rename it to %q if that is what it means", name, meant)
		}
	}
	return fields
}

type member struct {
	name  string
	value json.RawMessage
}

// members returns the members of the object in raw in their order, and
// reports names that occur twice: which of them counts would be a guess.
func (d *decoder) members(path string, raw json.RawMessage) []member {
	if absent(raw) {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		d.problems.add(path, "must be an object, not %s", kindOf(raw))
		return nil
	}
	list := []member{}
	seen := map[string]bool{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			break
		}
		m := member{name: name.(string)}
		if err := dec.Decode(&m.value); err != nil {
			break
		}
		if seen[m.name] {
			d.problems.add(join(path, m.name), "is given more than once")
		}
		seen[m.name] = true
		list = append(list, m)
	}
	return list
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func absent(raw json.RawMessage) bool {
	return len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null"
}

// kindOf names the type of a JSON value, with the value when it is short.
func kindOf(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
