package csv

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"kallad/worker/recon"
	"kallad/worker/source"
)

// options are the parameters of a URI. What a pointer leaves nil is found
// out from the data.
type options struct {
	types       []typeOption
	delimiter   byte // 0: find out
	header      *bool
	nulls       []string
	encoding    string // "": utf-8, or what a BOM says
	pad         bool
	quote       byte // 0: no quoting
	escape      byte // equal to quote: quotes are doubled
	compression string
}

// typeOption is one column's entry in the types parameter.
type typeOption struct {
	name string
	typ  columnType
}

// settings maps each known parameter to what reads it.
var settings = map[string]func(*options, string) error{
	"types":       (*options).setTypes,
	"delimiter":   (*options).setDelimiter,
	"header":      (*options).setHeader,
	"null":        func(o *options, v string) error { o.nulls = append(o.nulls, v); return nil },
	"encoding":    (*options).setEncoding,
	"ragged":      (*options).setRagged,
	"quote":       (*options).setQuote,
	"escape":      (*options).setEscape,
	"compression": (*options).setCompression,
	"format":      (*options).checkFormat,
}

func knownSettings() string {
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

// parseOptions splits a URI into the files' address and the options. The
// error names every parameter that is wrong.
func parseOptions(uri recon.URI) (string, *options, error) {
	address, params, err := source.SplitAddress(uri)
	if err != nil {
		return "", nil, err
	}
	o := &options{quote: '"'}
	seen := map[string]bool{}
	var bad []error
	for _, p := range params {
		set, ok := settings[p.Key]
		switch {
		case !ok:
			bad = append(bad, fmt.Errorf("unknown parameter %q; known are %s", p.Key, knownSettings()))
			continue
		case seen[p.Key] && p.Key != "null" && p.Key != "types":
			bad = append(bad, fmt.Errorf("parameter %s is there twice", p.Key))
			continue
		}
		seen[p.Key] = true
		if err := set(o, p.Value); err != nil {
			bad = append(bad, fmt.Errorf("parameter %s: %w", p.Key, err))
		}
	}
	if address == "" {
		bad = append(bad, errors.New("no file is named"))
	}
	bad = append(bad, o.finish(seen)...)
	if len(bad) > 0 {
		return "", nil, recon.Input(fmt.Errorf("csv source %s: %w", uri, errors.Join(bad...)))
	}
	return address, o, nil
}

// finish fills in what depends on more than one parameter.
func (o *options) finish(seen map[string]bool) (bad []error) {
	if !seen["null"] {
		o.nulls = []string{""}
	}
	if !seen["escape"] {
		o.escape = o.quote
	}
	if o.quote == 0 && seen["escape"] {
		bad = append(bad, errors.New("parameter escape: there is nothing to escape when quote is none"))
	}
	if o.delimiter != 0 && (o.delimiter == o.quote || o.delimiter == o.escape) {
		bad = append(bad, errors.New("parameter delimiter: must differ from quote and escape"))
	}
	return bad
}

// setTypes reads `amount:decimal(18,2),id:text`. A name that holds a comma or
// a colon stands in double quotes, a double quote in it doubled.
func (o *options) setTypes(v string) error {
	for v != "" {
		name, rest, err := cutName(v)
		if err != nil {
			return err
		}
		end := typeEnd(rest)
		typ, err := parseType(rest[:end])
		if err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
		for _, t := range o.types {
			if t.name == name {
				return fmt.Errorf("column %q has two types", name)
			}
		}
		o.types = append(o.types, typeOption{name: name, typ: typ})
		v = strings.TrimPrefix(rest[end:], ",")
	}
	return nil
}

// cutName splits off the column name before the colon.
func cutName(v string) (name, rest string, err error) {
	form := errors.New("want column:type,column:type, such as amount:decimal(18,2),id:text")
	if !strings.HasPrefix(v, `"`) {
		name, rest, ok := strings.Cut(v, ":")
		if !ok || name == "" {
			return "", "", form
		}
		return name, rest, nil
	}
	for i := 1; i < len(v); i++ {
		if v[i] != '"' {
			continue
		}
		if strings.HasPrefix(v[i+1:], `"`) {
			i++
			continue
		}
		rest, ok := strings.CutPrefix(v[i+1:], ":")
		if !ok {
			return "", "", form
		}
		return strings.ReplaceAll(v[1:i], `""`, `"`), rest, nil
	}
	return "", "", form
}

// typeEnd returns where a type's text ends: at the first comma outside
// parentheses.
func typeEnd(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth <= 0 {
				return i
			}
		}
	}
	return len(s)
}

// typeHint returns the text to put into the types parameter for a column.
func typeHint(name string, typ columnType) string {
	if strings.ContainsAny(name, `,:"`) {
		name = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name + ":" + typ.String()
}

// byteNames are the delimiters that are hard to write in a URL.
var byteNames = map[string]byte{
	"comma": ',', "semicolon": ';', "tab": '\t', `\t`: '\t', "pipe": '|', "space": ' ',
}

func oneByte(v string) (byte, error) {
	if b, ok := byteNames[strings.ToLower(v)]; ok {
		return b, nil
	}
	if len(v) != 1 || v[0] >= 0x80 || v[0] == '\n' || v[0] == '\r' || v[0] == 0 {
		return 0, fmt.Errorf("%q: want one ASCII character that is not a line end, or one of comma, semicolon, tab, pipe, space", v)
	}
	return v[0], nil
}

func (o *options) setDelimiter(v string) (err error) {
	o.delimiter, err = oneByte(v)
	return err
}

func (o *options) setQuote(v string) (err error) {
	if v == "" || strings.EqualFold(v, "none") {
		o.quote = 0
		return nil
	}
	o.quote, err = oneByte(v)
	return err
}

func (o *options) setEscape(v string) (err error) {
	o.escape, err = oneByte(v)
	return err
}

func (o *options) setHeader(v string) error {
	switch strings.ToLower(v) {
	case "true", "false":
		header := strings.EqualFold(v, "true")
		o.header = &header
		return nil
	}
	return fmt.Errorf("%q: want true or false", v)
}

func (o *options) setRagged(v string) error {
	switch strings.ToLower(v) {
	case "pad", "error":
		o.pad = strings.EqualFold(v, "pad")
		return nil
	}
	return fmt.Errorf("%q: want pad (missing fields are null) or error", v)
}

func (o *options) setCompression(v string) error {
	switch strings.ToLower(v) {
	case compressionNone, compressionGzip, compressionZstd:
		o.compression = strings.ToLower(v)
		return nil
	}
	return fmt.Errorf("%q: want none, gzip or zstd", v)
}

func (o *options) setEncoding(v string) error {
	name, ok := canonicalEncoding(v)
	if !ok {
		return fmt.Errorf("%q: want one of %s", v, knownEncodings())
	}
	o.encoding = name
	return nil
}

func (o *options) checkFormat(v string) error {
	if strings.EqualFold(v, "csv") || strings.EqualFold(v, "tsv") {
		return nil
	}
	return fmt.Errorf("%q: this reader reads csv", v)
}
