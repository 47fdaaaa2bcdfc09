package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kallad/ballista/engine"
	"kallad/worker/metrics"
)

func newSourceMeter(reg prometheus.Registerer) metrics.Source {
	return metrics.NewSource(reg, kindPostgres, kindCSV, kindParquet)
}

// scrapeTime is how long the engine has to say what it holds.
const scrapeTime = time.Second

// registerEngine shows what the engine's sessions hold.
func registerEngine(reg prometheus.Registerer, limit int64, usage *engine.Usage) {
	metrics.NewEngine(reg, limit, func() metrics.Held {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
		defer cancel()
		held := usage.Read(ctx)
		return metrics.Held{Sessions: held.Sessions, Memory: held.Memory, Spilled: held.Spilled}
	})
}
