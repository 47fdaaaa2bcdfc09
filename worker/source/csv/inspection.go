package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"kallad/worker/recon"
	"kallad/worker/source"
)

// inspection gathers what the files of one source have in common.
type inspection struct {
	*Source
	total    int64 // bytes of all files
	dialect  *dialect
	names    []string // of the columns, unique
	raw      []string // as in the first header
	headLine [][]byte // the first file's first record, as values
	files    []file
	notes    []string

	profiles        []*profile
	rows, rowsBytes int64 // sampled
	all             bool  // every row was sampled
}

// leastSample is how much of each of many files is looked at, in bytes.
const leastSample = 64 << 10

// add takes in one more file, of whose text size bytes at most were read.
func (in *inspection) add(ctx context.Context, p *probe, size int64) error {
	if in.dialect == nil {
		in.setDialect(p)
		in.all = true
	}
	if err := in.firstRecord(p); err != nil {
		return err
	}
	if len(p.first) == 0 {
		in.notes = append(in.notes, recon.RedactURL(p.file.URI)+" is empty")
		return nil
	}
	if err := in.header(p); err != nil {
		return err
	}
	p.file.Data = int64(p.data)
	in.files = append(in.files, p.file)
	in.noteForm(&p.file)
	if err := in.profile(p); err != nil {
		return err
	}
	if p.head.whole {
		return nil
	}
	in.all = false
	return in.sampleRest(ctx, p, size)
}

// setDialect settles the dialect by the first file. An empty file settles
// nothing.
func (in *inspection) setDialect(p *probe) {
	o := in.opts
	d := &dialect{
		Delimiter: o.delimiter, Quote: o.quote, Escape: o.escape,
		Nulls: o.nulls, Pad: o.pad, MaxRecord: in.cfg.MaxRecordBytes,
	}
	text := p.head.text[p.data:]
	if len(bytes.TrimLeft(text, "\r\n")) == 0 {
		return
	}
	if d.Delimiter == 0 {
		d.Delimiter = findDelimiter(text, p.head.whole, *d, p.file.Newline)
		if d.Delimiter != ',' {
			in.notes = append(in.notes, fmt.Sprintf("the delimiter is %q", d.Delimiter))
		}
	}
	in.dialect = d
}

// firstRecord finds the first record that is not an empty line, and moves
// p.data behind the header, or without one behind empty lines that do not
// count. With no such record p.first is empty.
func (in *inspection) firstRecord(p *probe) error {
	if in.dialect == nil {
		return nil
	}
	l := &lexer{dialect: in.dialect, newline: p.file.Newline}
	for pos := p.data; pos < len(p.head.text); {
		fields, next, bad := l.record(nil, p.head.text, pos, p.head.whole)
		if bad != nil {
			return in.faultAt(p, bad, 0)
		}
		if next < 0 {
			return recon.Input(fmt.Errorf("%s: the first record does not end within %d bytes", recon.RedactURL(p.file.URI), len(p.head.text)))
		}
		if !blank(fields, 2) {
			p.first = fields
			switch {
			case in.hasHeader():
				p.data = next
			case len(fields) > 1:
				p.data = pos
			}
			return nil
		}
		pos = next
	}
	return nil
}

func (in *inspection) hasHeader() bool { return in.opts.header == nil || *in.opts.header }

// faultAt is a broken record in a file's head.
func (in *inspection) faultAt(p *probe, bad *fault, want int) error {
	line := int64(1 + bytes.Count(p.head.text[:bad.pos], []byte{p.file.Newline}))
	return contentError(p.file.URI, line, "%s", bad.describe(in.dialect, want))
}

// header takes the columns from the first file, and holds those of the others
// against it.
func (in *inspection) header(p *probe) error {
	names := numberedNames(len(p.first))
	if in.hasHeader() {
		var err error
		if names, err = headerNames(p.first, p.head.text, in.dialect, p.file.Encoding); err != nil {
			return contentError(p.file.URI, 1, "%v", err)
		}
	}
	if in.names != nil {
		return in.sameHeader(p, names)
	}
	in.raw = names
	var notes []string
	in.names, notes = uniqueNames(names)
	in.notes = append(in.notes, notes...)
	for _, s := range p.first {
		value, err := fieldText(s, p.head.text, in.dialect, p.file.Encoding)
		if err != nil {
			value = s.text(p.head.text)
		}
		in.headLine = append(in.headLine, value)
		in.profiles = append(in.profiles, newProfile())
	}
	return nil
}

func (in *inspection) sameHeader(p *probe, names []string) error {
	if slices.Equal(names, in.raw) {
		return nil
	}
	return recon.Input(fmt.Errorf("%s and %s have different columns: %q and %q",
		recon.RedactURL(in.files[0].URI), recon.RedactURL(p.file.URI), in.raw, names))
}

// noteForm says why a file can't be split.
func (in *inspection) noteForm(f *file) {
	switch {
	case f.Compression != compressionNone:
		in.notes = append(in.notes, fmt.Sprintf("%s is compressed with %s and is read in one piece", recon.RedactURL(f.URI), f.Compression))
	case f.streamed():
		in.notes = append(in.notes, fmt.Sprintf("%s is in %s and is read in one piece", recon.RedactURL(f.URI), f.Encoding))
	}
}

// profile takes in the records in a file's head. A broken one is an error
// already here.
func (in *inspection) profile(p *probe) error {
	bad := in.take(p.head.text, p.data, p.head.whole, &p.file)
	if bad != nil {
		return in.faultAt(p, bad, len(in.names))
	}
	return nil
}

// take takes in the records of a text from pos on.
func (in *inspection) take(text []byte, pos int, whole bool, f *file) *fault {
	l := &lexer{dialect: in.dialect, newline: f.Newline}
	nulls := newNullRule(in.dialect.Nulls, charmaps[f.Encoding])
	var fields []span
	for pos < len(text) {
		var next int
		var bad *fault
		fields, next, bad = l.record(fields[:0], text, pos, whole)
		if bad != nil || next < 0 {
			return bad
		}
		begin := pos
		pos = next
		if blank(fields, len(in.names)) {
			continue
		}
		if len(fields) > len(in.names) || (len(fields) < len(in.names) && !in.dialect.Pad) {
			return &fault{kind: faultFields, pos: begin, fields: len(fields)}
		}
		in.rows++
		in.rowsBytes += int64(next - begin)
		in.takeRow(fields, text, &nulls)
	}
	return nil
}

func (in *inspection) takeRow(fields []span, text []byte, nulls *nullRule) {
	for i, s := range fields {
		if nulls.null(text, s) {
			continue
		}
		value := s.text(text)
		switch {
		case s.escaped():
			value = in.dialect.unescape(nil, value)
		case len(value) == 0 && !s.quoted():
			// An empty text that is no null: only a text column holds it.
			value = []byte(`""`)
		}
		in.profiles[i].add(value)
	}
}

// pieces is how many further pieces of a long file are looked at.
const pieces = 8

// sampleRest looks at pieces of a file behind its head, the last of them at
// its end. They add to what is known of the types; what can't be made sense
// of is left to the reader.
func (in *inspection) sampleRest(ctx context.Context, p *probe, size int64) error {
	if p.file.streamed() {
		return nil
	}
	obj, err := in.store.OpenVersion(ctx, p.file.URI, p.file.Version)
	if err != nil {
		return readError(p.file.URI, err)
	}
	piece := size / pieces
	for k := int64(1); k <= pieces && err == nil; k++ {
		start := size + (p.file.Size-size-piece)*k/pieces
		if start < size {
			continue
		}
		var s sample
		if s, err = readSample(ctx, obj, &p.file, start, piece); err == nil {
			in.takePiece(s, start, &p.file)
		}
	}
	if err = errors.Join(err, obj.Close()); err != nil {
		return readError(p.file.URI, err)
	}
	return nil
}

// takePiece takes in a piece that begins anywhere. Where the text alone does
// not tell, it is taken to begin outside of quotes: a wrong guess costs a
// narrower type at most, never a value.
func (in *inspection) takePiece(s sample, start int64, f *file) {
	a := newAutomaton(in.dialect, f.Newline)
	t := a.track(start, a.anywhere()...)
	t.follow(s.text)
	guess := atStart
	if len(t.paths) > 0 && t.settled() {
		guess = t.paths[0].first
	}
	t = a.track(start, guess)
	if at, ok := t.toRecord(s.text); ok {
		_ = in.take(s.text, at, s.whole, f)
	}
}

// layout closes the inspection.
func (in *inspection) layout() (*layout, error) {
	if len(in.files) == 0 {
		return nil, recon.Input(fmt.Errorf("%s is empty: there is no header to take the columns from", recon.RedactURL(in.address)))
	}
	l := &layout{dialect: *in.dialect, files: in.files}
	for i, name := range in.names {
		if in.profiles[i].decimal && in.profiles[i].versions() {
			in.notes = append(in.notes, fmt.Sprintf("column %q looks like version numbers and is read as text", name))
		}
		l.columns = append(l.columns, column{Name: name, Type: in.profiles[i].columnType()})
	}
	if err := in.safeHeader(l.columns); err != nil {
		return nil, err
	}
	if err := in.declare(l.columns); err != nil {
		return nil, err
	}
	if in.rows > 0 {
		l.rowBytes = float64(in.rowsBytes) / float64(in.rows)
	}
	l.description = in.describe(l)
	return l, nil
}

// safeHeader refuses to guess when nobody said whether there is a header and
// the first line might be data: a row would be lost, or one made up.
func (in *inspection) safeHeader(columns []column) error {
	if in.opts.header != nil {
		return nil
	}
	typed, fitting := 0, 0
	for i, value := range in.headLine {
		own := newProfile()
		own.add(value)
		t := columns[i].Type
		if in.rows == 0 {
			t = own.columnType()
		}
		if t.kind == kindText {
			continue
		}
		typed++
		if own.values > 0 && (own.columnType().kind == t.kind || (t.kind == kindDecimal && own.columnType().kind == kindInteger)) {
			fitting++
		}
	}
	if typed == 0 || fitting < typed || (in.rows == 0 && typed < len(columns)) {
		return nil
	}
	return recon.Input(fmt.Errorf("%s: the first line %q may be names or a row; add header=true or header=false to the address",
		recon.RedactURL(in.files[0].URI), in.headLine))
}

// allColumns in the types parameter stands for all columns that it does not
// name, unless a column has that name.
const allColumns = "*"

// declare puts in the types that the address gives.
func (in *inspection) declare(columns []column) error {
	for _, o := range in.opts.types {
		at := slices.Index(in.names, o.name)
		if at < 0 && o.name == allColumns {
			for i := range columns {
				if !columns[i].Declared {
					columns[i].Type, columns[i].Declared = o.typ, true
				}
			}
			continue
		}
		if at < 0 {
			return fmt.Errorf("parameter types: %w", unknownColumn(in.address, o.name, columns))
		}
		columns[at].Type, columns[at].Declared = o.typ, true
	}
	return nil
}

// describe puts the findings into the words of package source.
func (in *inspection) describe(l *layout) source.Description {
	d := source.Description{Schema: schemaOf(l.columns), Bytes: in.total, Notes: in.notes}
	var all []segment
	var partitions int64
	for _, f := range l.files {
		all = append(all, segment{File: f, Start: f.Data, End: -1})
		if f.streamed() {
			partitions++
		} else {
			partitions += max(1, (f.Size-f.Data)/in.cfg.MinPartitionBytes)
		}
	}
	d.MaxPartitions = int(partitions)
	d.Rows, _ = l.estimate(all)
	if in.all {
		d.Rows = in.rows
	}
	return d
}
