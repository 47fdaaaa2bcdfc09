package auth_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"kallad/worker/auth"
	"kallad/worker/auth/authtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

func newTLS(t *testing.T, cfg auth.TLSConfig) *auth.TLS {
	t.Helper()
	made, err := auth.NewTLS(cfg, quiet)
	require.NoError(t, err)
	return made
}

func newToken(t *testing.T, values ...string) *auth.Token {
	t.Helper()
	token, err := auth.NewToken(values...)
	require.NoError(t, err)
	return token
}

// echo is a service with one unary and one streaming method.
func echo(name string) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: name, HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Unary", Handler: func(_ any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
			in := &emptypb.Empty{}
			if err := decode(in); err != nil {
				return nil, err
			}
			handler := func(context.Context, any) (any, error) { return in, nil }
			if around == nil {
				return handler(ctx, in)
			}
			return around(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/" + name + "/Unary"}, handler)
		}}},
		Streams: []grpc.StreamDesc{{StreamName: "Stream", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
			return s.SendMsg(&emptypb.Empty{})
		}}},
	}
}

// serve runs a gRPC server with services that echo, and health.
func serve(t *testing.T, g auth.Guard) string {
	t.Helper()
	server := grpc.NewServer(g.ServerOptions()...)
	for _, name := range []string{"test.Echo", "externalscaler.ExternalScaler", "externalscaler.ExternalScalerOfMine"} {
		server.RegisterService(echo(name), struct{}{})
	}
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return listener.Addr().String()
}

// call makes a unary and a streaming call, each of which must end alike.
func call(t *testing.T, address string, g auth.Guard) error {
	t.Helper()
	conn, err := grpc.NewClient(address, g.DialOptions()...)
	require.NoError(t, err)
	defer conn.Close()
	unary := conn.Invoke(t.Context(), "/test.Echo/Unary", &emptypb.Empty{}, &emptypb.Empty{})
	stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/test.Echo/Stream")
	if err == nil {
		require.NoError(t, stream.SendMsg(&emptypb.Empty{}))
		require.NoError(t, stream.CloseSend())
		err = stream.RecvMsg(&emptypb.Empty{})
	}
	require.Equal(t, status.Code(unary), status.Code(err), "unary: %v; stream: %v", unary, err)
	return unary
}

func TestRPCIsGuarded(t *testing.T) {
	t.Parallel()
	ca, other := authtest.NewCA(t), authtest.NewCA(t)
	cert, key := ca.Issue(t, "127.0.0.1", "kallad.test")
	strangerCert, strangerKey := other.Issue(t, "127.0.0.1")
	mutual := newTLS(t, auth.TLSConfig{Cert: cert, Key: key, CA: ca.File})
	serverOnly := newTLS(t, auth.TLSConfig{Cert: cert, Key: key})
	trusting := newTLS(t, auth.TLSConfig{CA: ca.File, NoClientCert: true})
	stranger := newTLS(t, auth.TLSConfig{Cert: strangerCert, Key: strangerKey, CA: ca.File})
	named := newTLS(t, auth.TLSConfig{CA: ca.File, NoClientCert: true, ServerName: "kallad.test"})
	misnamed := newTLS(t, auth.TLSConfig{CA: ca.File, NoClientCert: true, ServerName: "another.test"})
	right, wrong := newToken(t, secret), newToken(t, "another-token-0123456789")

	cases := []struct {
		name           string
		server, client auth.Guard
		want           codes.Code
	}{
		{"open", auth.Guard{}, auth.Guard{}, codes.OK},
		{"token", auth.Guard{Token: right}, auth.Guard{Token: right}, codes.OK},
		{"no token", auth.Guard{Token: right}, auth.Guard{}, codes.Unauthenticated},
		{"wrong token", auth.Guard{Token: right}, auth.Guard{Token: wrong}, codes.Unauthenticated},
		{"tls", auth.Guard{TLS: serverOnly}, auth.Guard{TLS: trusting}, codes.OK},
		{"tls and token", auth.Guard{TLS: serverOnly, Token: right}, auth.Guard{TLS: trusting, Token: right}, codes.OK},
		{"tls, no token", auth.Guard{TLS: serverOnly, Token: right}, auth.Guard{TLS: trusting}, codes.Unauthenticated},
		{"plain client, tls server", auth.Guard{TLS: serverOnly}, auth.Guard{}, codes.Unavailable},
		{"tls client, plain server: the token is not sent", auth.Guard{Token: right}, auth.Guard{TLS: trusting, Token: right}, codes.Unavailable},
		{"server of an unknown authority", auth.Guard{TLS: stranger}, auth.Guard{TLS: trusting}, codes.Unavailable},
		{"server by another name", auth.Guard{TLS: serverOnly}, auth.Guard{TLS: named}, codes.OK},
		{"server by a wrong name", auth.Guard{TLS: serverOnly}, auth.Guard{TLS: misnamed}, codes.Unavailable},
		{"mutual", auth.Guard{TLS: mutual}, auth.Guard{TLS: mutual}, codes.OK},
		{"mutual, no certificate", auth.Guard{TLS: mutual}, auth.Guard{TLS: trusting}, codes.Unavailable},
		{"mutual, a stranger's certificate", auth.Guard{TLS: mutual}, auth.Guard{TLS: stranger}, codes.Unavailable},
		{"mutual and token, no token", auth.Guard{TLS: mutual, Token: right}, auth.Guard{TLS: mutual}, codes.Unauthenticated},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := call(t, serve(t, c.server), c.client)
			require.Equal(t, c.want, status.Code(err), "%v", err)
			if err != nil {
				require.NotContains(t, err.Error(), secret)
			}
		})
	}
}

func TestHealthNeedsNoToken(t *testing.T) {
	t.Parallel()
	address := serve(t, auth.Guard{Token: newToken(t, secret)})
	conn, err := grpc.NewClient(address, auth.Guard{}.DialOptions()...)
	require.NoError(t, err)
	defer conn.Close()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, answer.Status)
}

// KEDA can't show a token: it may ask all the same.
func TestScalerNeedsNoToken(t *testing.T) {
	t.Parallel()
	address := serve(t, auth.Guard{Token: newToken(t, secret)})
	conn, err := grpc.NewClient(address, auth.Guard{}.DialOptions()...)
	require.NoError(t, err)
	defer conn.Close()
	ask := func(service string) codes.Code {
		return status.Code(conn.Invoke(t.Context(), "/"+service+"/Unary", &emptypb.Empty{}, &emptypb.Empty{}))
	}
	require.Equal(t, codes.OK, ask("externalscaler.ExternalScaler"))
	require.Equal(t, codes.Unauthenticated, ask("externalscaler.ExternalScalerOfMine"))
}

func TestTwoAuthorizationsAreNone(t *testing.T) {
	t.Parallel()
	address := serve(t, auth.Guard{Token: newToken(t, secret)})
	conn, err := grpc.NewClient(address, auth.Guard{}.DialOptions()...)
	require.NoError(t, err)
	defer conn.Close()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+secret, "authorization", "Bearer "+secret)
	err = conn.Invoke(ctx, "/test.Echo/Unary", &emptypb.Empty{}, &emptypb.Empty{})
	require.Equal(t, codes.Unauthenticated, status.Code(err))
}

func TestCertificatesAreReadAgain(t *testing.T) {
	t.Parallel()
	before, after := authtest.NewCA(t), authtest.NewCA(t)
	dir := t.TempDir()
	cert, key, ca := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt")
	put := func(from, to string) {
		text, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to, text, 0o600))
	}
	install := func(a *authtest.CA) {
		c, k := a.Issue(t, "127.0.0.1")
		put(c, cert)
		put(k, key)
		put(a.File, ca)
	}
	install(before)
	g := auth.Guard{TLS: newTLS(t, auth.TLSConfig{Cert: cert, Key: key, CA: ca})}
	address := serve(t, g)
	oldCert, oldKey := before.Issue(t, "127.0.0.1")
	old := auth.Guard{TLS: newTLS(t, auth.TLSConfig{Cert: oldCert, Key: oldKey, CA: before.File})}
	require.NoError(t, call(t, address, g))
	require.NoError(t, call(t, address, old))

	install(after)
	require.NoError(t, call(t, address, g), "both ends have read the new files")
	require.Equal(t, codes.Unavailable, status.Code(call(t, address, old)), "the old authority counts no more")

	put(before.File, key)
	require.NoError(t, call(t, address, g), "a key that fits no certificate is not taken")
}

func TestHTTPLetsProbesThroughAndSaysWhoShowedACertificate(t *testing.T) {
	t.Parallel()
	ca, other := authtest.NewCA(t), authtest.NewCA(t)
	cert, key := ca.Issue(t, "127.0.0.1")
	mutual := newTLS(t, auth.TLSConfig{Cert: cert, Key: key, CA: ca.File})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !mutual.Shown(r.TLS) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	server.TLS = mutual.ForHTTP()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	defer server.Close()

	get := func(cfg *tls.Config) (int, error) {
		transport := &http.Transport{TLSClientConfig: cfg}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get(server.URL)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, err
	}
	with := func(a *authtest.CA) *tls.Config {
		c, k := a.Issue(t, "127.0.0.1")
		pair, err := tls.LoadX509KeyPair(c, k)
		require.NoError(t, err)
		return &tls.Config{RootCAs: ca.Pool(), Certificates: []tls.Certificate{pair}}
	}
	code, err := get(with(ca))
	require.NoError(t, err)
	require.Equal(t, 200, code)
	code, err = get(&tls.Config{RootCAs: ca.Pool()})
	require.NoError(t, err)
	require.Equal(t, 401, code)
	_, err = get(with(other))
	require.Error(t, err, "a certificate that is shown must be good")
	_, err = get(&tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	require.ErrorContains(t, err, "protocol version")
}

func TestTLSSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	ca := authtest.NewCA(t)
	cert, key := ca.Issue(t, "localhost")
	_, otherKey := ca.Issue(t, "localhost")
	gone := filepath.Join(t.TempDir(), "gone.pem")
	cases := map[string]struct {
		cfg  auth.TLSConfig
		want []string
	}{
		"no key":        {auth.TLSConfig{Cert: cert}, []string{"--tls-cert is given without --tls-key"}},
		"no cert":       {auth.TLSConfig{Key: key}, []string{"--tls-key is given without --tls-cert"}},
		"ca alone":      {auth.TLSConfig{CA: ca.File}, []string{"--tls-ca is given without --tls-cert"}},
		"all are gone":  {auth.TLSConfig{Cert: gone, Key: gone, CA: gone}, []string{"--tls-cert", "--tls-key", "tls-ca", "no such file"}},
		"another's key": {auth.TLSConfig{Cert: cert, Key: otherKey}, []string{"tls-cert", "does not match", otherKey}},
		"key as ca":     {auth.TLSConfig{Cert: cert, Key: key, CA: key}, []string{"tls-ca", "holds no certificate"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.NewTLS(c.cfg, quiet)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	none, err := auth.NewTLS(auth.TLSConfig{}, quiet)
	require.NoError(t, err)
	require.Nil(t, none)
	require.True(t, auth.Guard{TLS: none}.Open())
}
