package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// probeTimeout is how long a daemon has to say that it lives.
const probeTimeout = 2 * time.Second

// healthFlags are where a daemon on this machine listens, by its own settings.
type healthFlags struct {
	bindHost  string
	httpPort  uint16
	grpcPort  uint16
	cert, key string
}

// newHealthCommand asks a daemon on this machine whether it lives. It is for
// container images, which hold no other program that could ask.
func newHealthCommand() *cobra.Command {
	f := &healthFlags{}
	cmd := &cobra.Command{
		Use:   "health [scheduler|executor]",
		Short: "Ask the daemon on this machine whether it lives",
		Long: `Asks the scheduler, or the executor, on this machine whether it lives, and exits
with 0 if it does. It finds it by the daemon's own settings, and is meant for a
container's health check.`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"scheduler", "executor"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := readEnv(cmd); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), probeTimeout)
			defer cancel()
			if len(args) == 1 && args[0] == "executor" {
				return f.askExecutor(ctx)
			}
			return f.askScheduler(ctx)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.bindHost, "bind-host", "0.0.0.0", "address that the daemon listens on")
	flags.Uint16Var(&f.httpPort, "http-port", 8080, "port of a scheduler's HTTP API")
	flags.Uint16Var(&f.grpcPort, "grpc-port", 50052, "port of an executor's gRPC")
	flags.StringVar(&f.cert, "tls-cert", "", "certificate that the daemon serves with, if any")
	flags.StringVar(&f.key, "tls-key", "", "key of --tls-cert")
	env(flags, "bind-host", "BIND_HOST")
	env(flags, "http-port", "HTTP_PORT")
	env(flags, "grpc-port", "BIND_GRPC_PORT")
	env(flags, "tls-cert", "KALLAD_TLS_CERT")
	env(flags, "tls-key", "KALLAD_TLS_KEY")
	return cmd
}

// address is where somebody who listens on the host and this port is found.
func (f *healthFlags) address(port uint16) string {
	host := f.bindHost
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// tls is nil where the daemon serves without. The question holds no secret, and
// the answer is a status, so that it does not matter whose certificate answers
// on this machine. An executor may want to see one: its own is at hand.
func (f *healthFlags) tls() (*tls.Config, error) {
	if f.cert == "" {
		return nil, nil
	}
	own, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("read --tls-cert and --tls-key: %w", err)
	}
	return &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{own}}, nil
}

func (f *healthFlags) askScheduler(ctx context.Context) (err error) {
	secure, err := f.tls()
	if err != nil {
		return err
	}
	scheme := "http"
	if secure != nil {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+f.address(f.httpPort)+"/health", nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: secure}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", req.URL, resp.Status)
	}
	return nil
}

func (f *healthFlags) askExecutor(ctx context.Context) (err error) {
	secure, err := f.tls()
	if err != nil {
		return err
	}
	transport := insecure.NewCredentials()
	if secure != nil {
		transport = credentials.NewTLS(secure)
	}
	conn, err := grpc.NewClient("passthrough:///"+f.address(f.grpcPort), grpc.WithTransportCredentials(transport))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		return fmt.Errorf("ask the executor at %s: %w", f.address(f.grpcPort), err)
	}
	if answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return fmt.Errorf("the executor at %s answers %s", f.address(f.grpcPort), answer.GetStatus())
	}
	return nil
}
