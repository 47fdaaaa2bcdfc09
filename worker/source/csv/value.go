package csv

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// The readers of values. Each takes the text of a field and says whether it is
// exactly a value of its type; none of them rounds, trims or guesses.

// parseInteger reads a canonical integer: no plus sign, no leading zeros, not
// "-0". A loose one may have the first two.
func parseInteger(b []byte, loose bool) (int64, bool) {
	digits, negative, ok := cutSign(b, loose)
	if !ok || len(digits) == 0 || (len(digits) > 1 && digits[0] == '0' && !loose) {
		return 0, false
	}
	if len(digits) > 18 {
		return parseLongInteger(digits, negative)
	}
	var v int64
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	if negative {
		return -v, v != 0 || loose
	}
	return v, true
}

func parseLongInteger(digits []byte, negative bool) (int64, bool) {
	digits = bytes.TrimLeft(digits, "0")
	if len(digits) > 19 {
		return 0, false
	}
	var v uint64
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + uint64(c)
	}
	if negative {
		return -int64(v), v <= 1<<63
	}
	return int64(v), v < 1<<63
}

func cutSign(b []byte, loose bool) (rest []byte, negative, ok bool) {
	if len(b) == 0 {
		return nil, false, false
	}
	switch b[0] {
	case '-':
		return b[1:], true, true
	case '+':
		return b[1:], false, loose
	}
	return b, false, true
}

// parseDecimal reads a decimal into units of 10^-scale. Fraction digits beyond
// scale have to be zeros, and the value has to have at most precision digits.
// A loose one may have a plus sign, leading zeros and no digit on one side of
// the point.
func parseDecimal(b []byte, precision, scale int, loose bool) (decimal128.Num, bool) {
	digits, negative, ok := cutSign(b, loose)
	if !ok || len(digits) == 0 {
		return decimal128.Num{}, false
	}
	whole, fraction := digits, []byte(nil)
	point := bytes.IndexByte(digits, '.')
	if point >= 0 {
		whole, fraction = digits[:point], digits[point+1:]
	}
	if !wellFormed(whole, fraction, point >= 0, negative, loose) {
		return decimal128.Num{}, false
	}
	for len(fraction) > scale {
		if fraction[len(fraction)-1] != '0' {
			return decimal128.Num{}, false
		}
		fraction = fraction[:len(fraction)-1]
	}
	whole = bytes.TrimLeft(whole, "0")
	if len(whole) > precision-scale {
		return decimal128.Num{}, false
	}
	if len(whole)+scale <= 18 {
		return smallDecimal(whole, fraction, scale, negative)
	}
	return bigDecimal(whole, fraction, scale, negative)
}

// wellFormed checks what the digits themselves do not show.
func wellFormed(whole, fraction []byte, point, negative, loose bool) bool {
	if loose {
		return len(whole)+len(fraction) > 0
	}
	switch {
	case len(whole) == 0, point && len(fraction) == 0, len(whole) > 1 && whole[0] == '0':
		return false
	case !point && negative && whole[0] == '0': // -0
		return false
	}
	return true
}

func smallDecimal(whole, fraction []byte, scale int, negative bool) (decimal128.Num, bool) {
	var v int64
	for _, c := range whole {
		if c -= '0'; c > 9 {
			return decimal128.Num{}, false
		}
		v = v*10 + int64(c)
	}
	for _, c := range fraction {
		if c -= '0'; c > 9 {
			return decimal128.Num{}, false
		}
		v = v*10 + int64(c)
	}
	for range scale - len(fraction) {
		v *= 10
	}
	if negative {
		v = -v
	}
	return decimal128.FromI64(v), true
}

func bigDecimal(whole, fraction []byte, scale int, negative bool) (decimal128.Num, bool) {
	var hi, lo uint64
	add := func(c byte) {
		carry, low := bits.Mul64(lo, 10)
		low, c1 := bits.Add64(low, uint64(c), 0)
		hi, lo = hi*10+carry+c1, low
	}
	for _, part := range [][]byte{whole, fraction} {
		for _, c := range part {
			if c -= '0'; c > 9 {
				return decimal128.Num{}, false
			}
			add(c)
		}
	}
	for range scale - len(fraction) {
		add(0)
	}
	v := decimal128.New(int64(hi), lo)
	if negative {
		v = v.Negate()
	}
	return v, true
}

// parseDouble reads what strconv does, in decimal notation only.
func parseDouble(b []byte) (float64, bool) {
	if bytes.ContainsAny(b, "xX_pP") {
		return 0, false
	}
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	return v, err == nil
}

// parseDate reads yyyy-mm-dd into days since 1970-01-01.
func parseDate(b []byte) (int32, bool) {
	if len(b) != 10 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	pairs, ok := digitPairs(uint64(binary.LittleEndian.Uint32(b)) |
		uint64(binary.LittleEndian.Uint16(b[5:]))<<32 | uint64(binary.LittleEndian.Uint16(b[8:]))<<48)
	y := int(pairs&0xff)*100 + int(pairs>>16&0xff)
	m, d := int(pairs>>32&0xff), int(pairs>>48)
	if !ok || y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, false
	}
	return daysSinceEpoch(y, m, d), true
}

// digitPairs reads eight digits as four numbers of two, in 16 bits each, the
// first one lowest.
func digitPairs(digits uint64) (uint64, bool) {
	const zeros, tops, sixes = 0x3030303030303030, 0xf0f0f0f0f0f0f0f0, 0x0606060606060606
	ok := digits&tops == zeros && (digits+sixes)&tops == zeros
	digits -= zeros
	return (digits*10 + digits>>8) & 0x00ff00ff00ff00ff, ok
}

// twoOrFour reads digits.
func twoOrFour(b []byte) (v int, ok bool) {
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + int(c)
	}
	return v, true
}

func daysIn(y, m int) int {
	if m == 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		return 29
	}
	return int("\x00\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"[m])
}

// daysSinceEpoch counts days in the proleptic Gregorian calendar, after Howard
// Hinnant's days_from_civil; years begin in March, so that the leap day is the
// last.
func daysSinceEpoch(y, m, d int) int32 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yearOfEra := y - era*400
	dayOfYear := (153*(m-3)+2)/5 + d - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return int32(era*146097 + dayOfEra - 719468)
}

// parseTimestamp reads `yyyy-mm-dd hh:mm:ss[.ffffff]`, with a T or a blank in
// its middle, into microseconds since 1970-01-01. With zoned an offset has to
// follow (Z, +hh, +hhmm or +hh:mm) and the result is in UTC.
func parseTimestamp(b []byte, zoned bool) (int64, bool) {
	if len(b) < 19 || (b[10] != 'T' && b[10] != ' ') || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	day, ok := parseDate(b[:10])
	h, ok1 := twoOrFour(b[11:13])
	m, ok2 := twoOrFour(b[14:16])
	s, ok3 := twoOrFour(b[17:19])
	if !ok || !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	micros, rest, ok := cutFraction(b[19:])
	if !ok {
		return 0, false
	}
	us := (int64(day)*86400+int64(h*3600+m*60+s))*1_000_000 + micros
	if !zoned {
		return us, len(rest) == 0
	}
	offset, ok := parseOffset(rest)
	return us - offset*1_000_000, ok
}

// cutFraction splits off a fraction of a second of up to six digits.
func cutFraction(b []byte) (micros int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, true
	}
	unit := int64(100_000)
	i := 1
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		micros += int64(b[i]-'0') * unit
		unit /= 10
	}
	return micros, b[i:], i > 1 && i <= 7
}

// parseOffset reads an offset from UTC in seconds.
func parseOffset(b []byte) (int64, bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) < 3 || (b[0] != '+' && b[0] != '-') {
		return 0, false
	}
	h, ok := twoOrFour(b[1:3])
	rest := bytes.TrimPrefix(b[3:], []byte(":"))
	m, ok2 := twoOrFour(rest)
	if !ok || !ok2 || h > 15 || m > 59 || (len(rest) != 2 && len(b) != 3) {
		return 0, false
	}
	offset := int64(h*3600 + m*60)
	if b[0] == '-' {
		return -offset, true
	}
	return offset, true
}

// parseBoolean reads true and false; a loose one in other letter case, too.
func parseBoolean(b []byte, loose bool) (v, ok bool) {
	switch string(b) {
	case "true":
		return true, true
	case "false":
		return false, true
	case "TRUE", "True":
		return true, loose
	case "FALSE", "False":
		return false, loose
	}
	return false, false
}
