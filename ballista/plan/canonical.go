package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// form is a canonical form of values: if the engine calls two values equal,
// whatever the two types that it compares, their forms are equal. It is the
// name of the SQL type that they are cast to.
type form string

// sqlType is a type as the engine writes it.
type sqlType string

// family groups the types of which one form can hold several.
type family int

const (
	familyNone family = iota
	familyInteger
	familyDecimal
	familyFloat
	familyDouble
	familyText
	familyMoment
	familyZoned
	// familyOther are types whose values equal only values of the same type.
	familyOther
)

var families = map[sqlType]family{
	"TINYINT": familyInteger, "SMALLINT": familyInteger, "INTEGER": familyInteger, "BIGINT": familyInteger, "HUGEINT": familyInteger,
	"UTINYINT": familyInteger, "USMALLINT": familyInteger, "UINTEGER": familyInteger, "UBIGINT": familyInteger,
	"FLOAT": familyFloat, "DOUBLE": familyDouble, "VARCHAR": familyText,
	"DATE": familyMoment, "TIMESTAMP": familyMoment, "TIMESTAMP_S": familyMoment, "TIMESTAMP_MS": familyMoment,
	"TIMESTAMP_NS": familyMoment, "TIMESTAMP WITH TIME ZONE": familyZoned,
	"BOOLEAN": familyOther, "TIME": familyOther, "UUID": familyOther, "BLOB": familyOther,
}

const (
	timestamp sqlType = "TIMESTAMP"
	// noType is that of a NULL which has met no other value.
	noType sqlType = "NULL"
	// instant is no type: it is the microseconds of a moment in UTC, which is
	// the time zone of every session.
	instant form = "instant"
)

// digits is how many digits an integer type can have.
var digits = map[sqlType]int{
	"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19, "UTINYINT": 3, "USMALLINT": 5, "UINTEGER": 10, "UBIGINT": 20, "HUGEINT": 38,
}

var decimalType = regexp.MustCompile(`^DECIMAL\((\d+),(\d+)\)$`)

func (t sqlType) family() family {
	if decimalType.MatchString(string(t)) {
		return familyDecimal
	}
	return families[t]
}

// decimal returns the digits before and after the point that an exact number
// can have.
func (t sqlType) decimal() (whole, scale int) {
	if n, ok := digits[t]; ok {
		return n, 0
	}
	m := decimalType.FindStringSubmatch(string(t))
	width, _ := strconv.Atoi(m[1])
	scale, _ = strconv.Atoi(m[2])
	return width - scale, scale
}

// canonical returns the form under which values of all the given types can be
// told apart by hash, ok being false where there is none. TestCanonical holds
// it against the engine for all pairs and triples of types.
//
// The casts are those that the engine makes for a comparison, or coarser. What
// does not fit becomes null on both sides: then no value of the other type can
// be equal to it.
func canonical(types []sqlType) (f form, ok bool) {
	types = slices.Clone(types)
	slices.Sort(types)
	types = slices.Compact(types)
	has := map[family]int{}
	for _, t := range types {
		fam := t.family()
		if fam == familyNone {
			return "", false
		}
		has[fam]++
	}
	switch {
	case len(types) == 1:
		return form(types[0]), true
	case has[familyText] > 0:
		return textForm(types)
	case len(types) == has[familyInteger]+has[familyDecimal]:
		return exactForm(types), true
	case len(types) == has[familyDouble]+has[familyFloat]:
		return "DOUBLE", true
	case len(types) == has[familyDouble]+has[familyFloat]+has[familyInteger]+has[familyDecimal]:
		return floatForm(types, has)
	case len(types) == has[familyMoment]:
		return form(timestamp), true
	case len(types) == has[familyMoment]+has[familyZoned]:
		return instant, true
	}
	return "", false
}

// textForm is that of text which is compared with one other type: the text is
// cast to that. With two of them, one text can equal values that differ.
func textForm(types []sqlType) (form, bool) {
	if len(types) != 2 {
		return "", false
	}
	other := types[0]
	if other == "VARCHAR" {
		other = types[1]
	}
	// A text is no blob: the cast reads escapes.
	return form(other), other != "BLOB"
}

// roundedByIn reports whether IN may round one of two values before it compares
// them: it does so with decimals that have no common type of 38 digits, where
// an equality does not. What it finds equal can have different forms then.
func roundedByIn(a, b sqlType) bool {
	exact := func(t sqlType) bool { return t.family() == familyInteger || t.family() == familyDecimal }
	if a == b || !exact(a) || !exact(b) {
		return false
	}
	whole, scale := a.decimal()
	w, s := b.decimal()
	return max(whole, w)+max(scale, s) > 38
}

func exactForm(types []sqlType) form {
	whole, scale, integers := 0, 0, true
	for _, t := range types {
		w, s := t.decimal()
		whole, scale, integers = max(whole, w), max(scale, s), integers && t.family() == familyInteger
	}
	switch {
	case integers && whole <= digits["BIGINT"] && !slices.Contains(types, "UBIGINT"):
		return "BIGINT"
	case integers:
		return "HUGEINT"
	}
	return form(fmt.Sprintf("DECIMAL(%d,%d)", min(38, whole+scale), scale))
}

// floatForm is that of exact numbers that are compared with inexact ones. Each
// exact type must become the inexact one in the same way as each other, which
// holds for integers of up to 64 bits, or for one single type.
func floatForm(types []sqlType, has map[family]int) (form, bool) {
	if has[familyFloat] > 0 && has[familyDouble] > 0 {
		return "", false
	}
	exact := has[familyInteger] + has[familyDecimal]
	if exact > 1 && (has[familyDecimal] > 0 || slices.Contains(types, "HUGEINT")) {
		return "", false
	}
	if has[familyFloat] > 0 {
		return "FLOAT", true
	}
	return "DOUBLE", true
}

// restored is the SQL of a value of this type that was written by one task and
// read by another, false if the type is not known to come back. The columns
// that travel have no name for some types.
func (t sqlType) restored(expression string) (string, bool) {
	switch {
	case t == "HUGEINT" || t == "JSON":
		return fmt.Sprintf("CAST(%s AS %s)", expression, t), true
	case t.family() != familyNone || t == "INTERVAL":
		return expression, true
	}
	return "", false
}

// cast is the expression, which is of type t, in this form.
func (f form) cast(expression string, t sqlType) string {
	if form(t) == f {
		return expression
	}
	if f == instant {
		// Between moments with and without a time zone, the engine's TRY_CAST
		// fails where a moment is out of range.
		if t.family() == familyMoment {
			expression = form(timestamp).cast(expression, t)
		}
		return "epoch_us(" + expression + ")"
	}
	return fmt.Sprintf("TRY_CAST(%s AS %s)", expression, f)
}

// bucket is the SQL that says in which of n partitions a row belongs whose
// values, in canonical form, are given. It hashes twice: the engine's own hash
// tables use the bits of the first hash, which must not be alike within a
// partition.
func bucket(values []string, n int) string {
	return fmt.Sprintf("CAST(hash(hash(%s)) %% %d AS INTEGER)", strings.Join(values, ", "), n)
}
