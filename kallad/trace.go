package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// traceFlags say where the spans of jobs go. The exporter reads the further
// variables of OpenTelemetry (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER,
// OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and others) by itself.
type traceFlags struct {
	endpoint string
	protocol string
}

// The variables of OpenTelemetry that have no flag.
const (
	traceEndpointVariable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	traceOffVariable      = "OTEL_SDK_DISABLED"
)

const (
	protocolHTTP = "http/protobuf"
	protocolGRPC = "grpc"
)

func (f *traceFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.endpoint, "otlp-endpoint", "", "address of an OpenTelemetry collector that gets traces of jobs, such as http://localhost:4318 (default: none are made)")
	flags.StringVar(&f.protocol, "otlp-protocol", protocolHTTP, "how the collector is spoken to: http/protobuf or grpc")
	env(flags, "otlp-endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT")
	env(flags, "otlp-protocol", "OTEL_EXPORTER_OTLP_PROTOCOL")
}

// lastSpans is how long the last spans have to reach the collector.
const lastSpans = 5 * time.Second

// start lets spans go to the collector, if there is one, until stop is called.
// service names the process among others.
func (f *traceFlags) start(ctx context.Context, service string, log *slog.Logger) (stop func(), err error) {
	if f.endpoint == "" && os.Getenv(traceEndpointVariable) == "" || strings.EqualFold(os.Getenv(traceOffVariable), "true") {
		return func() {}, nil
	}
	exporter, err := f.exporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("--otlp-endpoint: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", service), attribute.String("service.version", version())),
		resource.WithHost(), resource.WithProcessPID(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe this process to the collector: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	otel.SetTracerProvider(provider)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("spans are lost", "error", err) }))
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), lastSpans)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Warn("the last spans are lost", "error", err)
		}
	}, nil
}

func (f *traceFlags) exporter(ctx context.Context) (*otlptrace.Exporter, error) {
	own := os.Getenv(traceEndpointVariable) == ""
	if own {
		if u, err := url.Parse(f.endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("%q: want an http or https URL, such as http://localhost:4318", f.endpoint)
		}
	}
	switch f.protocol {
	case protocolHTTP:
		var opts []otlptracehttp.Option
		if own {
			opts = append(opts, otlptracehttp.WithEndpointURL(strings.TrimSuffix(f.endpoint, "/")+"/v1/traces"))
		}
		return otlptracehttp.New(ctx, opts...)
	case protocolGRPC:
		var opts []otlptracegrpc.Option
		if own {
			opts = append(opts, otlptracegrpc.WithEndpointURL(f.endpoint))
		}
		return otlptracegrpc.New(ctx, opts...)
	}
	return nil, fmt.Errorf("--otlp-protocol %q: want %s or %s", f.protocol, protocolHTTP, protocolGRPC)
}
