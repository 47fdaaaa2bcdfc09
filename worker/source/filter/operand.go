package filter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"kallad/worker/recon"
)

// operands returns the JSON scalars that a filter compares with: one, two for
// between, any number for in. Numbers are json.Number.
func operands(c recon.FilterCondition) ([]any, *fault) {
	v, err := decode(c.Value)
	if err != nil {
		return nil, badValue("not a JSON value: %v", err)
	}
	list, isList := v.([]any)
	switch c.Op {
	case recon.OpBetween:
		if !isList || len(list) != 2 {
			return nil, badValue("between wants an array of two values, the least and the greatest, and got %s", show(v))
		}
	case recon.OpIn:
		if !isList {
			return nil, badValue("in wants an array of values and got %s", show(v))
		}
	case recon.OpEq, recon.OpNeq, recon.OpGt, recon.OpGte, recon.OpLt, recon.OpLte, recon.OpLike:
		if isList {
			return nil, badValue("%s wants one value and got %s", c.Op, show(v))
		}
		list = []any{v}
	default:
		return nil, &fault{field: "op", message: fmt.Sprintf("no operator %q; there are eq, neq, gt, gte, lt, lte, between, in, like", string(c.Op))}
	}
	for _, o := range list {
		if o == nil {
			return nil, badValue("null never compares equal to anything, so no row could match; rows with a null are never part of a filtered source")
		}
	}
	return list, nil
}

func decode(raw json.RawMessage) (any, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, fmt.Errorf("it is missing")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the value")
	}
	return v, nil
}

// show names a JSON value for an error message, shortened.
func show(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "a value"
	}
	text := []rune(strings.TrimSpace(b.String()))
	if len(text) > 60 {
		text = append(text[:57], []rune("...")...)
	}
	switch v.(type) {
	case string:
		return "the text " + string(text)
	case json.Number:
		return "the number " + string(text)
	}
	return string(text)
}
