package csv

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"kallad/worker/blob"
	"kallad/worker/recon"
)

// readError is a fault in getting at a file, or in its content as a whole.
func readError(uri string, err error) error {
	err = fmt.Errorf("read %s: %w", recon.RedactURL(uri), err)
	if blob.IsInput(err) || errors.Is(err, errCorrupt) {
		return recon.Input(err)
	}
	return err
}

// lengthError is a range that ended before its bytes did.
type lengthError struct {
	got, want int64
}

func (e *lengthError) Error() string {
	return fmt.Sprintf("the bytes end at offset %d instead of %d", e.got, e.want)
}

// contentError is a fault at one place of a file.
func contentError(uri string, line int64, format string, args ...any) error {
	return recon.Input(fmt.Errorf("%s, line %d: %s", recon.RedactURL(uri), line, fmt.Sprintf(format, args...)))
}

// show returns a value for an error message: quoted, on one line, and cut.
func show(value []byte) string {
	const most = 100
	if len(value) <= most {
		return fmt.Sprintf("%q", value)
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(value[cut]) {
		cut--
	}
	return fmt.Sprintf("%q... (%d bytes)", value[:cut], len(value))
}

// misfit says that a value is not one of its column's type, and what to do.
func misfit(c column, value []byte) string {
	how := "that a sample of the data gave"
	if c.Declared {
		how = "that the address gives"
	}
	return fmt.Sprintf("column %q: the value %s is no %s, the type %s; put types=%s into the address",
		c.Name, show(value), c.Type, how, typeHint(c.Name, widened(c.Type, value)))
}

// widened returns the type that holds value and what t holds.
func widened(t columnType, value []byte) columnType {
	whole, fraction, ok := countDigits(value)
	if !ok || (t.kind != kindInteger && t.kind != kindDecimal) {
		return columnType{kind: kindText}
	}
	scale := max(t.scale, fraction)
	whole = max(whole, t.precision-t.scale)
	switch {
	case whole+scale <= 18:
		return columnType{kind: kindDecimal, precision: 18, scale: scale}
	case whole+scale <= maxDigits:
		return columnType{kind: kindDecimal, precision: maxDigits, scale: scale}
	}
	return columnType{kind: kindText}
}

// notText says that a text is none in its encoding.
func notText(name string, value []byte, encoding string) string {
	what := fmt.Sprintf("is not text in the encoding %s", encoding)
	if encoding == encodingUTF8 {
		what = "is not UTF-8"
	}
	return fmt.Sprintf("column %q: the value %s %s; add the file's encoding to the address, such as encoding=windows-1252; known are %s",
		name, show(value), what, knownEncodings())
}

// unknownColumn is a wanted column that is not there.
func unknownColumn(address, name string, columns []column) error {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return recon.Input(fmt.Errorf("%s has no column %q; it has %s", recon.RedactURL(address), name, strings.Join(names, ", ")))
}
