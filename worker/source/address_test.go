package source_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
)

func TestSplitAddress(t *testing.T) {
	t.Parallel()
	for uri, want := range map[recon.URI]struct {
		address string
		params  []source.Param
	}{
		"/data/a.csv":                         {"/data/a.csv", nil},
		"/data/100%.csv?header=true":          {"/data/100%.csv", []source.Param{{Key: "header", Value: "true"}}},
		"/data/what?.csv?":                    {"/data/what?.csv", nil},
		"/data/part-?.csv?null=%3F":           {"/data/part-?.csv", []source.Param{{Key: "null", Value: "?"}}},
		"s3://b/k.csv?delimiter=;&null=":      {"s3://b/k.csv", []source.Param{{Key: "delimiter", Value: ";"}, {Key: "null", Value: ""}}},
		"a.csv?types=a:decimal(18,2),b:text":  {"a.csv", []source.Param{{Key: "types", Value: "a:decimal(18,2),b:text"}}},
		"a.csv?types=a%3Adecimal%2818%2C2%29": {"a.csv", []source.Param{{Key: "types", Value: "a:decimal(18,2)"}}},
	} {
		address, params, err := source.SplitAddress(uri)
		require.NoError(t, err, uri)
		require.Equal(t, want.address, address, uri)
		require.Equal(t, want.params, params, uri)
	}
}

func TestSplitAddressExplains(t *testing.T) {
	t.Parallel()
	for uri, text := range map[recon.URI]string{
		"/data/what?.csv":  "put one more ? at the address's end",
		"/data/a.csv?n=%z": `invalid URL escape "%z"`,
	} {
		_, _, err := source.SplitAddress(uri)
		require.True(t, recon.IsInput(err), uri)
		require.ErrorContains(t, err, text)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for uri, want := range map[recon.URI]string{
		"/data/a.csv":                    "csv",
		"/data/a.TSV":                    "csv",
		"/data/a.csv.gz":                 "csv",
		"/data/what?.csv?header=true":    "csv",
		"/data/part-?.parquet?":          "parquet",
		"s3://b/export?format=CSV":       "csv",
		"s3://b/a.txt?x=1&format=csv":    "csv",
		"/data/folder/?format=parquet":   "parquet",
		"/data/noending":                 "",
		"/data/a.pq":                     "parquet",
		"/data/a.dat?types=a:text&b=%zz": "dat",
	} {
		require.Equal(t, want, source.Format(uri), uri)
	}
}

// A name that says nothing of what it is gets the way to say it; an address
// that cannot be taken apart gets its own reason.
func TestOpenExplainsUnknownNames(t *testing.T) {
	t.Parallel()
	registry := source.NewRegistry()
	for uri, text := range map[recon.URI]string{
		"/data/invoices.txt": "format=csv",
		"/data/invoices":     "format=csv",
		"/data/what?.csv":    "put one more ? at the address's end",
	} {
		_, err := registry.Open(t.Context(), uri)
		require.True(t, recon.IsInput(err), uri)
		require.ErrorContains(t, err, text)
	}
}
