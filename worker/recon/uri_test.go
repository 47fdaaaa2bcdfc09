package recon_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

func TestURIsNeverShowTheirSecrets(t *testing.T) {
	t.Parallel()
	for raw, shown := range map[string]string{
		"postgres://u:s3cret@h:5432/db?table=t":              "postgres://u:***@h:5432/db?table=t",
		"postgres://u:s3cret@a:1,b:2/db?table=t":             "postgres://u:***@a:1,b:2/db?table=t",
		"postgres://u:a@s3cret@h/db":                         "postgres://u:***@h/db",
		"postgres://u:a/s3cret@h/db":                         "postgres://u:***@h/db",
		"postgres://u:a?s3cret#x@h/db":                       "postgres://u:***@h/db",
		"postgres://u:%s3cret@h/db":                          "postgres://u:***@h/db",
		"postgres://u:my s3cret@h/db":                        "postgres://u:***@h/db",
		"postgres://u:s3cret two@h/db":                       "postgres://u:***@h/db",
		"postgres://a user:s3cret@h/db":                      "postgres://a user:***@h/db",
		"postgres://h/db?user=u&password=my s3cret&table=t":  "postgres://h/db?user=u&password=***&table=t",
		"postgres://:s3cret@h/db":                            "postgres://:***@h/db",
		"postgres://h/db?user=u&password=s3cret&table=t":     "postgres://h/db?user=u&password=***&table=t",
		"s3://bucket/k.csv?secret_key=s3cret&types=a:text":   "s3://bucket/k.csv?secret_key=***&types=a:text",
		"https://h/k.csv?X-Amz-Signature=s3cret":             "https://h/k.csv?X-Amz-Signature=***",
		"postgres://user@h:5432/db?table=t":                  "postgres://user@h:5432/db?table=t",
		"s3://bucket/at=12:00@noon.csv":                      "s3://bucket/at=12:00@noon.csv",
		"/data/a@b:c.csv":                                    "/data/a@b:c.csv",
		"open x://u:s3cret@h and y://v:s3cret@k: no route":   "open x://u:***@h and y://v:***@k: no route",
		"host=h password='s3cret two' dbname=d sslmode=none": "host=h password=*** dbname=d sslmode=none",
	} {
		uri := recon.URI(raw)
		assert.Equal(t, shown, uri.String())
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "uri", uri)
		for _, text := range []string{fmt.Sprintf("%v %s %+v %#v %q", uri, uri, uri, uri, uri), log.String()} {
			assert.NotContains(t, text, "s3cret")
		}
		assert.Equal(t, raw, uri.Reveal())
	}
}

func TestAURITravelsAsItWasPosted(t *testing.T) {
	t.Parallel()
	var uri recon.URI
	require.NoError(t, json.Unmarshal([]byte(`"postgres://u:s3cret@h/db"`), &uri))
	again, err := json.Marshal(uri)
	require.NoError(t, err)
	assert.Equal(t, `"postgres://u:s3cret@h/db"`, string(again))
}

func TestScrubFindsASecretInEveryForm(t *testing.T) {
	t.Parallel()
	uri := recon.URI("postgres://u:p%40ssw0rd@h/db?table=t")
	for _, text := range []string{
		"dial postgres://u:p%40ssw0rd@h/db?table=t: refused",
		"password p@ssw0rd was refused",
		"cannot parse `p%40ssw0rd`",
	} {
		got := recon.Scrub(text, uri)
		assert.NotContains(t, got, "ssw0rd")
		assert.Contains(t, got, "***")
	}
	blank := recon.URI("postgres://u:my p4ssw0rd@h/db?table=t")
	assert.NotContains(t, recon.Scrub("cannot parse `my p4ssw0rd` of postgres://u:my p4ssw0rd@h/db?table=t", blank), "p4ss")
	plus := recon.URI("postgres://h/db?user=u&password=my+p4ssw0rd&table=t")
	assert.NotContains(t, recon.Scrub("cannot parse `my p4ssw0rd`", plus), "p4ss")
	assert.Equal(t, "no secret here", recon.Scrub("no secret here", uri))
}
