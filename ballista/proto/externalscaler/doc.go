// Package externalscaler is what KEDA asks of whoever knows a load, as
// generated from externalscaler.proto.
//
// It must not know what the load is.
package externalscaler
