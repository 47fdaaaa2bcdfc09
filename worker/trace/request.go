package trace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
)

type requestKey struct{}

// WithRequest returns a context that bears a request's id.
func WithRequest(ctx context.Context, id string) context.Context {
	if id == "" {
		return ctx
	}
	return context.WithValue(ctx, requestKey{}, id)
}

// Request returns the id of the request that ctx is about, "" for none.
func Request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// maxRequest bounds a request id that a caller brings.
const maxRequest = 128

// RequestID returns the id that a caller gave its request, or a new one where
// it gave none that can be shown and logged as it is.
func RequestID(given string) string {
	if given == "" || len(given) > maxRequest {
		return newRequest()
	}
	for i := range len(given) {
		switch c := given[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-', c == '_', c == '.', c == ':', c == '/', c == '+', c == '=', c == '@':
		default:
			return newRequest()
		}
	}
	return given
}

func newRequest() string {
	var id [12]byte
	_, _ = rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}
