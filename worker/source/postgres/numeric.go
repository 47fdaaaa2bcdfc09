package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// maxPrecision is the number of digits that 128 bits hold; shortPrecision is
// that of 64 bits, with which engines compute several times as fast.
const (
	maxPrecision   = 38
	shortPrecision = 18
)

// numeric_send's sign field.
const (
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericPosInf   = 0xD000
	numericNegInf   = 0xF000
)

// uint128 is an unsigned number of two words.
type uint128 struct{ hi, lo uint64 }

// mulAdd returns x*m + a; ok is false when that exceeds 128 bits.
func (x uint128) mulAdd(m, a uint64) (y uint128, ok bool) {
	over, hi := bits.Mul64(x.hi, m)
	carry, lo := bits.Mul64(x.lo, m)
	lo, c := bits.Add64(lo, a, 0)
	hi, c2 := bits.Add64(hi, carry, c)
	return uint128{hi, lo}, over == 0 && c2 == 0
}

func (x uint128) less(y uint128) bool {
	return x.hi < y.hi || x.hi == y.hi && x.lo < y.lo
}

// pow10 has the powers of ten up to 10^38.
var pow10 = func() (p [maxPrecision + 1]uint128) {
	p[0].lo = 1
	for i := 1; i < len(p); i++ {
		p[i], _ = p[i-1].mulAdd(10, 0)
	}
	return p
}()

// numericDecoder returns the decoder of numeric into decimal(precision,
// scale). A value that does not fit exactly is an error, never rounded.
//
// The binary form is a number in base 10000: the count of digits, the weight
// of the first one, sign, display scale, digits.
func numericDecoder(precision, scale int) func([]byte) (decimal128.Num, error) {
	limit := pow10[precision]
	return func(v []byte) (decimal128.Num, error) {
		if len(v) < 8 {
			return decimal128.Num{}, wrongSize(v, 8)
		}
		digits := int(binary.BigEndian.Uint16(v))
		sign := binary.BigEndian.Uint16(v[4:])
		if len(v) != 8+2*digits {
			return decimal128.Num{}, wrongSize(v, 8+2*digits)
		}
		if sign != 0 && sign != numericNegative {
			return decimal128.Num{}, fmt.Errorf("%s is no number that a decimal can hold", numericText(v))
		}
		// exponent is the power of ten of the current digit's unit, at scale.
		exponent := 4*int(int16(binary.BigEndian.Uint16(v[2:]))) + scale
		x, ok := scaled(v[8:], exponent)
		if !ok || !x.less(limit) {
			return decimal128.Num{}, fmt.Errorf("%s does not fit decimal(%d,%d) exactly", numericText(v), precision, scale)
		}
		if sign == numericNegative {
			lo, borrow := bits.Sub64(0, x.lo, 0)
			hi, _ := bits.Sub64(0, x.hi, borrow)
			return decimal128.New(int64(hi), lo), nil
		}
		return decimal128.New(int64(x.hi), x.lo), nil
	}
}

// scaled adds up base-10000 digits, the first of which has the unit
// 10^exponent; ok is false when the sum is not a whole number of 128 bits.
func scaled(digits []byte, exponent int) (x uint128, ok bool) {
	for ; len(digits) > 0; digits, exponent = digits[2:], exponent-4 {
		d := uint64(binary.BigEndian.Uint16(digits))
		if d > 9999 {
			return x, false
		}
		switch {
		case exponent >= 0:
			x, ok = x.mulAdd(10000, d)
		case exponent > -4:
			part := pow10[-exponent].lo
			x, ok = x.mulAdd(pow10[4+exponent].lo, d/part)
			ok = ok && d%part == 0
		default:
			ok = d == 0
		}
		if !ok {
			return x, false
		}
	}
	// The last digit's unit was 10^(exponent+4).
	for exponent += 4; exponent > 0 && x != (uint128{}); exponent-- {
		if x, ok = x.mulAdd(10, 0); !ok {
			return x, false
		}
	}
	return x, true
}

// numericText writes a binary numeric as the server would, for messages.
func numericText(v []byte) string {
	switch binary.BigEndian.Uint16(v[4:]) {
	case numericNaN:
		return "NaN"
	case numericPosInf:
		return "Infinity"
	case numericNegInf:
		return "-Infinity"
	}
	weight := int(int16(binary.BigEndian.Uint16(v[2:])))
	scale := int(binary.BigEndian.Uint16(v[6:]))
	var whole, fraction strings.Builder
	if weight > 15 {
		return fmt.Sprintf("a number of about %d digits", 4*(weight+1))
	}
	for place := max(weight, 0); place >= 0; place-- {
		fmt.Fprintf(&whole, "%04d", numericDigit(v, place))
	}
	for place := -1; fraction.Len() < min(scale, 60); place-- {
		fmt.Fprintf(&fraction, "%04d", numericDigit(v, place))
	}
	text := strings.TrimLeft(whole.String(), "0")
	if text == "" {
		text = "0"
	}
	if scale > 0 {
		text += "." + fraction.String()[:min(scale, fraction.Len())]
	}
	if binary.BigEndian.Uint16(v[4:]) == numericNegative {
		text = "-" + text
	}
	return text
}

// numericDigit returns the base-10000 digit with the unit 10000^place.
func numericDigit(v []byte, place int) uint16 {
	i := int(int16(binary.BigEndian.Uint16(v[2:]))) - place
	if i < 0 || 8+2*i+2 > len(v) {
		return 0
	}
	return binary.BigEndian.Uint16(v[8+2*i:])
}

// fitDecimal returns the decimal type that holds every number of at most
// scale digits behind the point and with no greater magnitude than greatest,
// which is the text of a numeric.
func fitDecimal(greatest string, scale int) (precision int, err error) {
	x, ok := new(big.Rat).SetString(greatest)
	if !ok {
		return 0, errors.New(greatest + " is no number that a decimal can hold")
	}
	whole := new(big.Int).Quo(x.Num(), x.Denom()).String()
	digits := len(strings.TrimPrefix(whole, "0")) + scale
	switch {
	case digits <= shortPrecision:
		return shortPrecision, nil
	case digits <= maxPrecision:
		return maxPrecision, nil
	}
	return 0, fmt.Errorf("its values need %d digits, and a decimal has %d", digits, maxPrecision)
}
