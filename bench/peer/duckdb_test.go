package peer_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/bench/dataset"
	"kallad/bench/peer"
)

const matchSQL = `SELECT l.invoice_id, r.payment_id, l.amount, r.paid_amount FROM left_src l
	JOIN right_src r ON l.invoice_id = r.reference_number AND tolerance_match(l.amount, r.paid_amount, 0.02)`

func side(alias, path string, columns []dataset.Column, needed ...string) peer.Side {
	s := peer.Side{Alias: alias, Path: path, Key: needed[0], Needed: needed}
	for _, c := range columns {
		s.Columns = append(s.Columns, peer.Column{Name: c.Name, Type: c.SQLType})
	}
	return s
}

func TestEveryVariantFindsWhatTheDataWasMadeWith(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cache := filepath.Join(t.TempDir(), "it's data")
	var first peer.Evidence
	for _, c := range []struct {
		variant peer.Variant
		format  dataset.Format
	}{{peer.Tables, dataset.CSV}, {peer.Columns, dataset.CSV}, {peer.Views, dataset.CSV}, {peer.Tables, dataset.Parquet}, {peer.Views, dataset.Parquet}} {
		data, err := dataset.Make(ctx, cache, dataset.Spec{Format: c.format, LeftRows: 3000, RightRows: 2900, Seed: 5})
		require.NoError(t, err)
		job := peer.Job{
			Variant: c.variant, MatchSQL: matchSQL, Dir: t.TempDir(),
			Left:  side("left_src", filepath.Join(data.Dir, data.Left.Name), data.Spec.InvoiceColumns(), "invoice_id", "amount"),
			Right: side("right_src", filepath.Join(data.Dir, data.Right.Name), data.Spec.PaymentColumns(), "payment_id", "reference_number", "paid_amount"),
		}
		counts, err := job.Run(ctx)
		require.NoError(t, err, c)
		assert.Equal(t, peer.Counts(data.Expected), counts, c)
		evidence, err := peer.Digest(ctx, job.Dir)
		require.NoError(t, err, c)
		assert.Equal(t, counts, evidence.Counts, c)
		if first == (peer.Evidence{}) {
			first = evidence
		}
		assert.Equal(t, first, evidence, c)
	}
}
