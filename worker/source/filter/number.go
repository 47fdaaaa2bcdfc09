package filter

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// maxDigits bounds a number's digits and its exponent, so that a short text
// cannot ask for a number that fills the memory. No column type comes near it.
const maxDigits = 1000

// exact is the number digits * 10^exp.
type exact struct {
	digits *big.Int
	exp    int
}

// parseExact reads a decimal number such as -12.50 or 1e3.
func parseExact(s string) (exact, error) {
	mantissa, exponent, hasExp := strings.Cut(strings.ToLower(s), "e")
	exp := 0
	if hasExp {
		var err error
		if exp, err = strconv.Atoi(exponent); err != nil {
			return exact{}, fmt.Errorf("not a decimal number")
		}
	}
	whole, fraction, hasPoint := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole, "+-")
	if len(whole)-len(digits) > 1 || digits == "" || (hasPoint && fraction == "") || !allDigits(digits) || !allDigits(fraction) {
		return exact{}, fmt.Errorf("not a decimal number")
	}
	exp -= len(fraction)
	if len(digits)+len(fraction) > maxDigits || exp > maxDigits || exp < -2*maxDigits {
		return exact{}, fmt.Errorf("more than %d digits", maxDigits)
	}
	n, ok := new(big.Int).SetString(digits+fraction, 10)
	if !ok {
		return exact{}, fmt.Errorf("not a decimal number")
	}
	if strings.HasPrefix(whole, "-") {
		n.Neg(n)
	}
	return exact{digits: n, exp: exp}, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// units returns how many units of 10^-scale x has, rounded down, and whether
// nothing was lost by that.
func (x exact) units(scale int) (floor *big.Int, whole bool) {
	e := x.exp + scale
	if e >= 0 {
		return new(big.Int).Mul(x.digits, pow10(e)), true
	}
	q, r := new(big.Int).DivMod(x.digits, pow10(-e), new(big.Int))
	return q, r.Sign() == 0
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// numberText returns the text of a JSON number, or of a text in its place.
func numberText(v any) (string, bool) {
	switch v := v.(type) {
	case json.Number:
		return v.String(), true
	case string:
		return v, true
	}
	return "", false
}

// exactOperand reads v as a number for an integer or decimal column.
func exactOperand(column string, v any) (exact, *fault) {
	s, ok := numberText(v)
	if !ok {
		return exact{}, badValue("column %q holds numbers and the value is %s; write a number", column, show(v))
	}
	x, err := parseExact(s)
	if err != nil {
		return exact{}, badValue("column %q holds numbers and the value is %s: %v", column, show(v), err)
	}
	return x, nil
}
