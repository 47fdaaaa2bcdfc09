package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
)

// Rounding is a decimal that the engine would cut on its own account, because
// no decimal of 38 digits holds it and the type that it meets.
type Rounding struct {
	// Column that is cut, where it is one.
	Column string
	// From and To are the types.
	From, To string
}

func (r Rounding) String() string {
	what := "a " + r.From
	if r.Column != "" {
		what = fmt.Sprintf("%q, a %s,", r.Column, r.From)
	}
	return fmt.Sprintf("%s would be rounded to %s", what, r.To)
}

// Asked returns a copy of the query in which every cast that it writes out is a
// TRY_CAST. That has the same type, and so tells the casts that somebody asked
// for from those that the engine adds when it binds.
func (q *Query) Asked() *Query {
	out := q.Clone()
	walk(out.root, func(n node) {
		if text(n, "class") == "CAST" {
			n["try_cast"] = true
		}
	})
	return out
}

// Roundings finds, in the bound form of a query that Asked returned, the casts
// of decimals to fewer digits after the point. It is nil for a query whose
// bound form the engine can't write down.
func Roundings(bound json.RawMessage) ([]Rounding, error) {
	if !bytes.Contains(bound, []byte(`"DECIMAL"`)) {
		// Nothing can be cut, and a tree of many constants is slow to read.
		return nil, nil
	}
	var form struct {
		Plans []any `json:"plans"`
	}
	dec := json.NewDecoder(bytes.NewReader(bound))
	dec.UseNumber()
	if err := dec.Decode(&form); err != nil {
		return nil, fmt.Errorf("read the bound query: %w", err)
	}
	var found []Rounding
	seen := map[Rounding]bool{}
	walk(form.Plans, func(n node) {
		if text(n, "expression_class") != "BOUND_CAST" || n["try_cast"] == true {
			return
		}
		child := object(n, "child")
		from, to, cut := cuts(boundType(child), object(n, "return_type"))
		if !cut || exactConstant(child, from, to) {
			return
		}
		r := Rounding{From: from.String(), To: to.String()}
		if class := text(child, "expression_class"); class == "BOUND_REF" || class == "BOUND_COLUMN_REF" {
			r.Column = text(child, "alias")
		}
		if !seen[r] {
			seen[r] = true
			found = append(found, r)
		}
	})
	return found, nil
}

func boundType(n node) node {
	if t := object(n, "return_type"); t != nil {
		return t
	}
	return object(object(n, "value"), "type")
}

// decimalSize is a type's DECIMAL(width,scale).
type decimalSize struct{ width, scale int64 }

func (d decimalSize) String() string { return fmt.Sprintf("DECIMAL(%d,%d)", d.width, d.scale) }

func asDecimal(t node) (decimalSize, bool) {
	if text(t, "id") != "DECIMAL" {
		return decimalSize{}, false
	}
	info := object(t, "type_info")
	width, _ := info["width"].(json.Number)
	scale, _ := info["scale"].(json.Number)
	w, err1 := width.Int64()
	s, err2 := scale.Int64()
	return decimalSize{w, s}, err1 == nil && err2 == nil
}

// cuts finds the first decimal in a type, however deep in rows and lists, that
// has fewer digits after the point in the other.
func cuts(from, to node) (a, b decimalSize, cut bool) {
	if from == nil || to == nil {
		return a, b, false
	}
	a, okA := asDecimal(from)
	b, okB := asDecimal(to)
	if okA && okB {
		return a, b, b.scale < a.scale
	}
	x, y := innerTypes(from), innerTypes(to)
	for i := range min(len(x), len(y)) {
		if a, b, cut := cuts(x[i], y[i]); cut {
			return a, b, true
		}
	}
	return a, b, false
}

// innerTypes are the types that a type is made of.
func innerTypes(t node) []node {
	info := object(t, "type_info")
	if child := object(info, "child_type"); child != nil {
		return []node{child}
	}
	var out []node
	for _, c := range list(info, "child_types") {
		pair, _ := c.(node)
		out = append(out, object(pair, "second"))
	}
	return out
}

// exactConstant reports whether a literal loses only zeros: 0.0000 beside money
// is no fault.
func exactConstant(n node, from, to decimalSize) bool {
	if text(n, "expression_class") != "BOUND_CONSTANT" {
		return false
	}
	value := object(n, "value")
	if value["is_null"] == true {
		return true
	}
	number, _ := value["value"].(json.Number)
	digits, ok := new(big.Int).SetString(number.String(), 10)
	if !ok {
		return false
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(from.scale-to.scale), nil)
	return new(big.Int).Rem(digits, unit).Sign() == 0
}
