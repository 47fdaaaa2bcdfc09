package source

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"kallad/worker/recon"
)

// Param is one key=value parameter of a file source's URI, decoded.
type Param struct {
	Key, Value string
}

// SplitAddress splits a file source's URI into the address of its bytes, left
// exactly as it was written, and its parameters, in their order.
//
// The parameters begin after the last question mark, so that a question mark
// in a file's name or a glob stays reachable: put one more at the end, as in
// `/data/what?.csv?`. Parameters are percent-encoded (%3F for a question mark,
// %26 for &) and a + in them is a blank, as in any URL. What a percent sign in
// the address means is up to the store: itself in a plain path and in an S3
// key, an encoded byte in a file:// URI.
func SplitAddress(uri recon.URI) (address string, params []Param, err error) {
	raw := uri.Reveal()
	at := strings.LastIndexByte(raw, '?')
	if at < 0 {
		return raw, nil, nil
	}
	address, query := raw[:at], raw[at+1:]
	if query == "" {
		return address, nil, nil
	}
	var bad []error
	for _, kv := range strings.Split(query, "&") {
		key, value, hasValue := strings.Cut(kv, "=")
		p := Param{Key: key}
		if p.Value, err = url.QueryUnescape(value); err != nil {
			bad = append(bad, fmt.Errorf("parameter %q: %w", key, err))
			continue
		}
		if !hasValue {
			bad = append(bad, fmt.Errorf("%q is no key=value parameter; if the question mark before it is part of a name, put one more ? at the address's end", kv))
			continue
		}
		params = append(params, p)
	}
	if len(bad) > 0 {
		return "", nil, recon.Input(fmt.Errorf("address %s: %w", uri, errors.Join(bad...)))
	}
	return address, params, nil
}
