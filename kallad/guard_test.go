package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/auth/authtest"
)

const testToken = "hunter2sesame-0123456789"

// statusOf makes a request with a token and returns the answer's status.
func statusOf(t *testing.T, client *http.Client, url, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	return resp.StatusCode
}

func TestDaemonAsksForTheTokenInAFile(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	write(t, dir, "token", testToken+"\n")
	s := startScheduler(t, dir, "--token-file", "token", "--public-metrics", "--log-level", "debug")
	require.Equal(t, 401, statusOf(t, http.DefaultClient, s.url+"/api/jobs", ""))
	require.Equal(t, 200, statusOf(t, http.DefaultClient, s.url+"/api/jobs", testToken))
	require.Equal(t, 200, statusOf(t, http.DefaultClient, s.url+"/metrics", ""))
	require.Equal(t, 200, statusOf(t, http.DefaultClient, s.url+"/ready", ""))

	write(t, dir, "token", "rolled-"+testToken+"\n")
	require.Equal(t, 401, statusOf(t, http.DefaultClient, s.url+"/api/jobs", testToken))
	require.Equal(t, 200, statusOf(t, http.DefaultClient, s.url+"/api/jobs", "rolled-"+testToken))
	require.NotContains(t, s.logs.String(), testToken)
}

func TestDaemonServesHTTPS(t *testing.T) {
	t.Parallel()
	ca := authtest.NewCA(t)
	cert, key := ca.Issue(t, "127.0.0.1")
	s := startScheduler(t, folder(t, joinOnReference), "--tls-cert", cert, "--tls-key", key, "--tls-ca", ca.File)
	own, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	client := func(certificates ...tls.Certificate) *http.Client {
		return &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), Certificates: certificates}, DisableKeepAlives: true}}
	}
	url := "https" + s.url[len("http"):]
	require.Equal(t, 200, statusOf(t, client(own), url+"/api/jobs", ""))
	require.Equal(t, 403, statusOf(t, client(), url+"/api/jobs", ""))
	require.Equal(t, 200, statusOf(t, client(), url+"/health", ""))
}

func TestDaemonWarnsWhenItIsOpenToTheWorld(t *testing.T) {
	t.Parallel()
	ca := authtest.NewCA(t)
	cert, key := ca.Issue(t, "127.0.0.1")
	cases := map[string]struct {
		args    []string
		want    string
		wantNot string
	}{
		"all addresses":        {[]string{"--bind-host", "0.0.0.0"}, "open to the world", ""},
		"all addresses, IPv6":  {[]string{"--bind-host", "::"}, "open to the world", ""},
		"loopback":             {[]string{"--bind-host", "127.0.0.1"}, "msg=listening", "level=WARN"},
		"token":                {[]string{"--bind-host", "0.0.0.0", "--token", testToken}, "travel unencrypted", "open to the world"},
		"short token":          {[]string{"--token", "letmein"}, "so short", "letmein"},
		"TLS alone":            {[]string{"--bind-host", "0.0.0.0", "--tls-cert", cert, "--tls-key", key}, "open to the world", ""},
		"TLS and token":        {[]string{"--bind-host", "0.0.0.0", "--token", testToken, "--tls-cert", cert, "--tls-key", key}, "msg=listening", "level=WARN"},
		"TLS and certificates": {[]string{"--bind-host", "0.0.0.0", "--tls-ca", ca.File, "--tls-cert", cert, "--tls-key", key}, "msg=listening", "level=WARN"},
		"certificates not asked": {[]string{"--bind-host", "0.0.0.0", "--tls-ca", ca.File, "--tls-client-auth", "none", "--tls-cert", cert, "--tls-key", key},
			"open to the world", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startScheduler(t, folder(t, joinOnReference), c.args...)
			all := s.logs.await(t, c.want)
			require.NoError(t, s.cmd.Process.Signal(os.Interrupt))
			require.NoError(t, s.cmd.Wait())
			if c.wantNot != "" {
				require.NotContains(t, all+s.logs.String(), c.wantNot)
			}
		})
	}
}

func TestSecretsThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	gone := filepath.Join(dir, "gone")
	cases := map[string]struct {
		args []string
		want []string
	}{
		"files that are gone": {[]string{"--token-file", gone, "--tls-cert", gone, "--tls-key", gone, "--tls-ca", gone},
			[]string{"--token-file", "--tls-cert", "--tls-key", "--tls-ca", gone, "no such file"}},
		"both":          {[]string{"--token", testToken, "--token-file", gone}, []string{"--token and --token-file"}},
		"client auth":   {[]string{"--tls-client-auth", "maybe"}, []string{`--tls-client-auth "maybe"`, "require or none"}},
		"strange token": {[]string{"--token", "with blank " + testToken}, []string{"--token", "visible ASCII"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := kallad(t, dir, append([]string{"scheduler", "--http-port", "0", "--grpc-port", "0"}, c.args...)...)
			require.Equal(t, 2, o.code)
			for _, want := range c.want {
				require.Contains(t, o.err, want)
			}
			require.NotContains(t, o.err, testToken)
		})
	}
}
