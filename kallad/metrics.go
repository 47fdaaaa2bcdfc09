package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kallad/ballista/cell"
	"kallad/ballista/engine"
	"kallad/worker/metrics"
)

func newSourceMeter(reg prometheus.Registerer) metrics.Source {
	return metrics.NewSource(reg, kindPostgres, kindCSV, kindParquet)
}

// scrapeTime is how long the engine has to say what it holds.
const scrapeTime = time.Second

// registerEngine shows what the engine's sessions hold, here and in cells, if
// there are any.
func registerEngine(reg prometheus.Registerer, limit int64, usage *engine.Usage, cells *cell.Pool) {
	metrics.NewEngine(reg, limit, func() metrics.Held {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
		defer cancel()
		here, there := usage.Read(ctx), cell.Held{}
		if cells != nil {
			there = cells.Held()
		}
		return metrics.Held{Sessions: here.Sessions + there.Cells, Memory: here.Memory + there.Memory, Spilled: here.Spilled + there.Spilled}
	})
}
