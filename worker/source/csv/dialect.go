package csv

import "fmt"

// dialect is how the text of all files of a source is divided. It is plain
// data and travels in partitions, so that all readers divide alike.
type dialect struct {
	Delimiter byte `json:"delimiter"`
	// Quote is 0 where there is no quoting. Escape equals Quote where a
	// doubled quote stands for one.
	Quote  byte `json:"quote"`
	Escape byte `json:"escape"`
	// Nulls are the unquoted texts that mean null.
	Nulls []string `json:"nulls"`
	// Pad makes the fields that a short record lacks null.
	Pad bool `json:"pad,omitempty"`
	// MaxRecord is the longest record, in bytes without its line end. Split's
	// proof rests on it, so readers take it from here.
	MaxRecord int `json:"max_record"`
}

// file is one file of a source as it was found.
type file struct {
	URI     string `json:"uri"`
	Version string `json:"version"`
	// Size in bytes, as stored.
	Size int64 `json:"size"`
	// Encoding and Compression are canonical names.
	Encoding    string `json:"encoding"`
	Compression string `json:"compression"`
	// Newline is the last byte of a line end: LF, or CR where lines end with
	// a lone CR.
	Newline byte `json:"newline"`
	// Data is where the first record begins, past a BOM and the header, in
	// bytes of text (see streamed).
	Data int64 `json:"data"`
}

// streamed reports whether the text has to be decoded as one stream from its
// beginning. Text offsets then count decoded bytes; otherwise they are the
// file's own.
func (f *file) streamed() bool {
	return f.Compression != compressionNone || isUTF16(f.Encoding)
}

// segment is a range of one file's text that begins and ends between records.
type segment struct {
	File file `json:"file"`
	// Start and End are text offsets; End is -1 for the end of the file.
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

// toFileEnd reports whether the segment's end is the text's end, so that its
// last record needs no line end.
func (s *segment) toFileEnd() bool {
	return s.End < 0 || (!s.File.streamed() && s.End == s.File.Size)
}

// span is one field of a record: a range of the buffer without its quotes.
type span struct {
	start uint32
	// end has the flags in its upper bits.
	end uint32
}

const (
	spanQuoted  = 1 << 31 // the field was quoted
	spanEscaped = 1 << 30 // it holds doubled quotes or escapes
	spanEnd     = spanEscaped - 1
)

// missing is the span of a field that a padded record lacks.
var missing = span{start: spanEnd, end: spanEnd}

func (s span) text(buf []byte) []byte { return buf[s.start : s.end&spanEnd] }
func (s span) quoted() bool           { return s.end&spanQuoted != 0 }
func (s span) escaped() bool          { return s.end&spanEscaped != 0 }

// faultKind is a way in which text breaks the rules of the package comment.
type faultKind int

const (
	faultAfterQuote faultKind = iota + 1
	faultUnclosed
	faultTooLong
	faultFields
)

// fault is a broken record. pos is an offset in the buffer: of the byte or
// quote at fault, or of the record.
type fault struct {
	kind   faultKind
	pos    int
	fields int
}

// describe says what is wrong; want is the number of columns.
func (f *fault) describe(d *dialect, want int) string {
	switch f.kind {
	case faultAfterQuote:
		return fmt.Sprintf("a quoted field ends and is not followed by the delimiter %q or a line end; a quote inside a quoted field has to be %s", d.Delimiter, d.escapedQuote())
	case faultUnclosed:
		return "a quoted field begins here and never ends"
	case faultTooLong:
		return fmt.Sprintf("a record begins here that is longer than %d bytes; often this is a quote that is never closed", d.MaxRecord)
	default:
		hint := "add ragged=pad to the address to fill missing fields with nulls"
		if f.fields > want {
			hint = fmt.Sprintf("a field that holds the delimiter %q has to be quoted", d.Delimiter)
		}
		return fmt.Sprintf("%d fields instead of %d; %s", f.fields, want, hint)
	}
}

func (d *dialect) escapedQuote() string {
	return fmt.Sprintf("written as %c%c", d.Escape, d.Quote)
}

// unescape appends the text of an escaped field to dst.
func (d *dialect) unescape(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] == d.Escape && i+1 < len(text) && (text[i+1] == d.Quote || text[i+1] == d.Escape) {
			i++
		}
		dst = append(dst, text[i])
	}
	return dst
}
