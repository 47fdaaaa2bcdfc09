package filter_test

import (
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/filter"
)

var faultSchema = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64},
	{Name: "Amount", Type: &arrow.Decimal128Type{Precision: 18, Scale: 2}},
	{Name: "note", Type: arrow.BinaryTypes.String},
	{Name: "day", Type: arrow.FixedWidthTypes.Date32},
	{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
	{Name: "ok", Type: arrow.FixedWidthTypes.Boolean},
	{Name: "score", Type: arrow.PrimitiveTypes.Float64},
	{Name: "raw", Type: arrow.BinaryTypes.Binary},
	{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)},
	{Name: "ref", Type: extensions.NewUUIDType()},
	{Name: "clock", Type: arrow.FixedWidthTypes.Time64us},
}, nil)

func TestFaults(t *testing.T) {
	t.Parallel()
	cases := []struct{ column, op, value, want string }{
		{"amount", "eq", `1`, `filters[0].column: no column "amount"; did you mean Amount?`},
		{"iid", "eq", `1`, `filters[0].column: no column "iid"; did you mean id?`},
		{"zzzzzzz", "eq", `1`, `filters[0].column: no column "zzzzzzz"; there are id, Amount, note, day, at, ok, score, raw, list, ref, ...`},
		{"id", "near", `1`, `filters[0].op: no operator "near"; there are eq, neq, gt, gte, lt, lte, between, in, like`},
		{"id", "eq", ``, `filters[0].value: not a JSON value: it is missing`},
		{"id", "eq", `{`, `filters[0].value: not a JSON value: unexpected EOF`},
		{"id", "eq", `1 2`, `filters[0].value: not a JSON value: something follows the value`},
		{"id", "eq", `null`, `filters[0].value: null never compares equal to anything, so no row could match; rows with a null are never part of a filtered source`},
		{"id", "in", `[1, null]`, `filters[0].value: null never compares equal to anything, so no row could match; rows with a null are never part of a filtered source`},
		{"id", "eq", `[1]`, `filters[0].value: eq wants one value and got [1]`},
		{"id", "between", `[1]`, `filters[0].value: between wants an array of two values, the least and the greatest, and got [1]`},
		{"id", "between", `5`, `filters[0].value: between wants an array of two values, the least and the greatest, and got the number 5`},
		{"id", "in", `5`, `filters[0].value: in wants an array of values and got the number 5`},
		{"id", "eq", `"seventeen"`, `filters[0].value: column "id" holds numbers and the value is the text "seventeen": not a decimal number`},
		{"id", "eq", `" 5"`, `filters[0].value: column "id" holds numbers and the value is the text " 5": not a decimal number`},
		{"id", "eq", `"0x10"`, `filters[0].value: column "id" holds numbers and the value is the text "0x10": not a decimal number`},
		{"id", "eq", `1e999999999`, `filters[0].value: column "id" holds numbers and the value is the number 1e999999999: more than 1000 digits`},
		{"Amount", "gt", `true`, `filters[0].value: column "Amount" holds numbers and the value is true; write a number`},
		{"id", "like", `"1%"`, `filters[0].op: like compares text, and column "id" is of type int64`},
		{"ref", "like", `"1%"`, `filters[0].op: like compares text, and column "ref" is of type extension<arrow.uuid>`},
		{"note", "eq", `7`, `filters[0].value: column "note" holds text and the value is the number 7; write it in quotes to compare it as text`},
		{"note", "like", `"a\\"`, `filters[0].value: like pattern the text "a\\": it ends in a backslash; write two for one of itself`},
		{"day", "gt", `"someday"`, `filters[0].value: column "day" holds dates and the value is the text "someday"; write a date such as "2024-01-31"`},
		{"day", "gt", `"2023-02-29"`, `filters[0].value: column "day" holds dates and the value is the text "2023-02-29": there is no such day`},
		{"day", "gt", `20240131`, `filters[0].value: column "day" holds dates and the value is the number 20240131; write a date such as "2024-01-31"`},
		{"at", "gt", `"2024-01-31 25:00:00"`, `filters[0].value: column "at" holds timestamps and the value is the text "2024-01-31 25:00:00": there is no such time of day`},
		{"at", "gt", `"2024-01-31T10:00:00+02:00"`, `filters[0].value: column "at" holds timestamps without a time zone and the value is the text "2024-01-31T10:00:00+02:00"; write it without an offset`},
		{"at", "gt", `"yesterday"`, `filters[0].value: column "at" holds timestamps and the value is the text "yesterday"; write one such as "2024-01-31T13:45:00"`},
		{"clock", "gt", `"noon"`, `filters[0].value: column "clock" holds times of day and the value is the text "noon"; write a time such as "13:45:00"`},
		{"ok", "eq", `"true"`, `filters[0].value: column "ok" holds true and false and the value is the text "true"`},
		{"score", "eq", `1e400`, `filters[0].value: column "score" holds doubles and the value is the number 1e400, which is out of their range`},
		{"raw", "eq", `"x"`, `filters[0].column: column "raw" is of type binary, which no filter can compare`},
		{"list", "eq", `1`, `filters[0].column: column "list" is of type list<item: int64, nullable>, which no filter can compare`},
		{"ref", "eq", `"f47ac10b"`, `filters[0].value: column "ref" holds UUIDs and the value is the text "f47ac10b"; write one such as "f47ac10b-58cc-4372-a567-0e02b2c3d479"`},
	}
	for _, c := range cases {
		_, err := filter.Compile(faultSchema, []recon.FilterCondition{cond(c.column, c.op, c.value)})
		require.EqualError(t, err, c.want)
		require.True(t, recon.IsInput(err))
	}
}

func TestFaultsAreNamedTogether(t *testing.T) {
	t.Parallel()
	_, err := filter.Compile(faultSchema, []recon.FilterCondition{
		cond("ids", "eq", `1`), cond("id", "eq", `1`), cond("note", "eq", `1`), cond("day", "gtt", `"x"`),
	})
	var v *recon.ValidationError
	require.True(t, errors.As(err, &v))
	require.Len(t, v.Fields, 3)
	require.Equal(t, "filters[0].column", v.Fields[0].Field)
	require.Equal(t, "filters[2].value", v.Fields[1].Field)
	require.Equal(t, "filters[3].op", v.Fields[2].Field)
}
