package filter

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"kallad/worker/recon"
)

// floatTest compares doubles in Postgres's order: -0 equals 0, NaN equals NaN
// and is above everything.
type floatTest struct {
	op     recon.Operator
	values []float64 // sorted for in
}

func newFloatTest(column string, op recon.Operator, operands []any) (test, *fault) {
	t := &floatTest{op: op}
	for _, o := range operands {
		v, f := floatOperand(column, o)
		if f != nil {
			return nil, f
		}
		t.values = append(t.values, v)
	}
	if op == recon.OpIn {
		slices.SortFunc(t.values, order)
	}
	return t, nil
}

func floatOperand(column string, v any) (float64, *fault) {
	if s, ok := v.(string); ok {
		switch strings.ToLower(s) {
		case "nan":
			return math.NaN(), nil
		case "infinity", "inf", "+infinity":
			return math.Inf(1), nil
		case "-infinity", "-inf":
			return math.Inf(-1), nil
		}
	}
	if _, f := exactOperand(column, v); f != nil {
		return 0, f
	}
	s, _ := numberText(v)
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, badValue("column %q holds doubles and the value is %s, which is out of their range", column, show(json.Number(s)))
	}
	return x, nil
}

// order is Postgres's order of doubles.
func order(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return cmp.Compare(bit(math.IsNaN(a)), bit(math.IsNaN(b)))
}

func (t *floatTest) holds(x float64) bool {
	switch t.op {
	case recon.OpEq:
		return order(x, t.values[0]) == 0
	case recon.OpNeq:
		return order(x, t.values[0]) != 0
	case recon.OpGt:
		return order(x, t.values[0]) > 0
	case recon.OpGte:
		return order(x, t.values[0]) >= 0
	case recon.OpLt:
		return order(x, t.values[0]) < 0
	case recon.OpLte:
		return order(x, t.values[0]) <= 0
	case recon.OpBetween:
		return order(x, t.values[0]) >= 0 && order(x, t.values[1]) <= 0
	}
	_, found := slices.BinarySearchFunc(t.values, x, order)
	return found
}

func (t *floatTest) keep(arr arrow.Array, keep []byte) {
	switch arr := arr.(type) {
	case *array.Float64:
		for i, v := range arr.Float64Values() {
			if keep[i] != 0 {
				keep[i] = bit(t.holds(v))
			}
		}
	case *array.Float32:
		for i, v := range arr.Float32Values() {
			if keep[i] != 0 {
				keep[i] = bit(t.holds(float64(v)))
			}
		}
	case *array.Float16:
		for i := range keep {
			if keep[i] != 0 {
				keep[i] = bit(t.holds(float64(arr.Value(i).Float32())))
			}
		}
	}
}

// mayMatch looks at the bounds alone only if a NaN would not match, because
// statistics leave NaN out.
func (t *floatTest) mayMatch(r Range) bool {
	least, ok1 := r.Min.(float64)
	greatest, ok2 := r.Max.(float64)
	if !ok1 || !ok2 || math.IsNaN(least) || math.IsNaN(greatest) || t.holds(math.NaN()) {
		return true
	}
	switch t.op {
	case recon.OpNeq:
		return least != greatest || t.holds(least)
	case recon.OpGt, recon.OpGte:
		return t.holds(greatest)
	case recon.OpLt, recon.OpLte:
		return t.holds(least)
	case recon.OpBetween:
		return t.values[0] <= greatest && order(least, t.values[1]) <= 0
	}
	for _, v := range t.values {
		if v >= least && v <= greatest {
			return true
		}
	}
	return false
}
