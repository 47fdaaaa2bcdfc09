package csv

import "bytes"

// profile collects what the texts of one column allow its type to be. A type
// is possible only if it loses nothing: different texts must not become one
// value, save for zeros at a fraction's end.
//
//   - integer: -?(0|[1-9][0-9]*) in 64 bits, and not -0
//   - decimal: such numbers, also longer ones, and -?(0|[1-9][0-9]*)\.[0-9]+
//   - date, timestamp, timestamptz: the ISO forms that parseDate and
//     parseTimestamp read
//   - boolean: true and false
//
// A column in which a number has a leading zero, a plus sign, an exponent or
// blanks is text as a whole, and so is one that looks like version numbers.
type profile struct {
	values int // neither null nor empty
	// The types that no value has ruled out.
	integer, decimal, date, timestamp, timestampTZ, boolean bool

	maxWhole           int // digits before the point
	maxScale, minScale int // digits behind it, of numbers that have a point
	trailingZero       bool
}

func newProfile() *profile {
	return &profile{
		integer: true, decimal: true, date: true, timestamp: true, timestampTZ: true, boolean: true,
		minScale: maxDigits + 1,
	}
}

// add takes in a value's text, without quotes. An empty one rules out nothing.
func (p *profile) add(b []byte) {
	if len(b) == 0 {
		return
	}
	p.values++
	if p.decimal {
		p.addNumber(b)
	}
	if p.integer {
		_, p.integer = parseInteger(b, false)
	}
	if p.date {
		_, p.date = parseDate(b)
	}
	if p.timestamp {
		_, p.timestamp = parseTimestamp(b, false)
	}
	if p.timestampTZ {
		_, p.timestampTZ = parseTimestamp(b, true)
	}
	if p.boolean {
		_, p.boolean = parseBoolean(b, false)
	}
}

func (p *profile) addNumber(b []byte) {
	whole, fraction, ok := countDigits(b)
	if !ok {
		p.decimal = false
		return
	}
	p.maxWhole = max(p.maxWhole, whole)
	if fraction > 0 {
		p.maxScale = max(p.maxScale, fraction)
		p.minScale = min(p.minScale, fraction)
		p.trailingZero = p.trailingZero || b[len(b)-1] == '0'
	}
}

// countDigits returns the number of digits before the point, without a lone
// zero, and behind it, if b is a canonical number.
func countDigits(b []byte) (whole, fraction int, ok bool) {
	digits, negative, ok := cutSign(b, false)
	if !ok {
		return 0, 0, false
	}
	before, after, point := bytes.Cut(digits, []byte("."))
	if !wellFormed(before, after, point, negative, false) {
		return 0, 0, false
	}
	for _, part := range [][]byte{before, after} {
		for _, c := range part {
			if c-'0' > 9 {
				return 0, 0, false
			}
		}
	}
	if before[0] == '0' {
		return 0, len(after), true
	}
	return len(before), len(after), true
}

// versions reports whether the numbers look like those of versions, in which
// 1.10 is not 1.1: small ones with fractions of different lengths, some of
// which end in a zero.
func (p *profile) versions() bool {
	return p.trailingZero && p.minScale < p.maxScale && p.maxWhole <= 2 && p.maxScale <= 3
}

// columnType returns the type that the values allow.
func (p *profile) columnType() columnType {
	switch {
	case p.values == 0:
	case p.integer:
		return columnType{kind: kindInteger}
	case p.decimal && !p.versions():
		return p.decimalType()
	case p.date:
		return columnType{kind: kindDate}
	case p.timestamp:
		return columnType{kind: kindTimestamp}
	case p.timestampTZ:
		return columnType{kind: kindTimestampTZ}
	case p.boolean:
		return columnType{kind: kindBoolean}
	}
	return columnType{kind: kindText}
}

// headroomDigits is how many more digits than the sample's largest number a
// short decimal has to have room for.
const headroomDigits = 3

func (p *profile) decimalType() columnType {
	switch {
	case p.maxWhole+headroomDigits <= 18-p.maxScale:
		return columnType{kind: kindDecimal, precision: 18, scale: p.maxScale}
	case p.maxWhole+p.maxScale <= maxDigits:
		return columnType{kind: kindDecimal, precision: maxDigits, scale: p.maxScale}
	}
	return columnType{kind: kindText}
}
