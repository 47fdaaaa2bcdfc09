package filter_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"kallad/worker/recon"
	"kallad/worker/source/filter"
)

func BenchmarkApply(b *testing.B) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "amount", Type: dec(18, 2)},
		{Name: "note", Type: arrow.BinaryTypes.String},
	}, nil)
	rb := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer rb.Release()
	for i := range 8192 {
		rb.Field(0).(*array.Int64Builder).Append(int64(i))
		rb.Field(1).(*array.Decimal128Builder).Append(decimal128.FromI64(int64(i * 7 % 8192)))
		rb.Field(2).(*array.StringBuilder).Append(fmt.Sprintf("INV-%07d", i))
	}
	rec := rb.NewRecordBatch()
	defer rec.Release()
	for _, c := range []recon.FilterCondition{
		cond("id", "gte", "0"), cond("id", "lt", "4096"), cond("amount", "gte", "40.96"),
		cond("note", "eq", `"INV-0000007"`), cond("note", "like", `"%7"`), cond("note", "in", `["INV-0000007","INV-0000009"]`),
	} {
		b.Run(fmt.Sprintf("%s_%s", c.Column, c.Op), func(b *testing.B) {
			p, err := filter.Compile(schema, []recon.FilterCondition{c})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				out, err := p.Apply(context.Background(), rec)
				if err != nil {
					b.Fatal(err)
				}
				out.Release()
			}
			b.ReportMetric(float64(b.N)*8192/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
