package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// probeTimeout is how long a daemon has to say that it lives.
const probeTimeout = 2 * time.Second

// newHealthCommand asks a daemon on this machine whether it lives. It is for
// container images, which hold no other program that could ask.
func newHealthCommand() *cobra.Command {
	var port uint16
	var host, cert string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the daemon on this machine whether it lives",
		Long: `Asks the scheduler on this machine whether it lives, and exits with 0 if it
does. It finds it by the scheduler's own settings, and is meant for a container's
health check.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := readEnv(cmd); err != nil {
				return err
			}
			scheme := "http"
			if cert != "" {
				scheme = "https"
			}
			return probe(cmd.Context(), scheme+"://"+net.JoinHostPort(reachable(host), strconv.Itoa(int(port)))+"/health")
		},
	}
	flags := cmd.Flags()
	flags.Uint16Var(&port, "http-port", 8080, "port of the HTTP API")
	flags.StringVar(&host, "bind-host", "0.0.0.0", "address that the daemon listens on")
	flags.StringVar(&cert, "tls-cert", "", "certificate that the daemon serves with; only whether there is one matters")
	env(flags, "http-port", "HTTP_PORT")
	env(flags, "bind-host", "BIND_HOST")
	env(flags, "tls-cert", "KALLAD_TLS_CERT")
	return cmd
}

// reachable is the address at which somebody who listens on host is found.
func reachable(host string) string {
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}

// probe asks with no secret and believes no more than a status, so that it does
// not matter whose certificate answers on this machine.
func probe(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
