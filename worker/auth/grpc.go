package auth

import (
	"context"
	"errors"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Guard is what protects the ports of one process and what it shows to the
// others. The zero Guard protects nothing.
type Guard struct {
	Token *Token
	TLS   *TLS
}

// Open reports whether anybody who reaches a port may use it.
func (g Guard) Open() bool { return g.Token == nil && !g.TLS.Mutual() }

// ServerOptions are those of every gRPC server of the process. Health checks
// (grpc.health.v1) and KEDA's questions need no token.
func (g Guard) ServerOptions() []grpc.ServerOption {
	var opts []grpc.ServerOption
	if cfg := g.TLS.ForRPC(); cfg != nil {
		opts = append(opts, grpc.Creds(credentials.NewTLS(cfg)))
	}
	if g.Token != nil {
		opts = append(opts, grpc.ChainUnaryInterceptor(g.unary), grpc.ChainStreamInterceptor(g.stream))
	}
	return opts
}

// DialOptions are those of every gRPC client of the process. The token is
// shown over an unencrypted connection only if no TLS is configured.
func (g Guard) DialOptions() []grpc.DialOption {
	transport := insecure.NewCredentials()
	if g.TLS != nil {
		transport = &clientTransport{tls: g.TLS}
	}
	opts := []grpc.DialOption{grpc.WithTransportCredentials(transport)}
	if g.Token != nil {
		opts = append(opts, grpc.WithPerRPCCredentials(shown{token: g.Token, secure: g.TLS != nil}))
	}
	return opts
}

func (g Guard) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := g.check(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (g Guard) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := g.check(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return next(srv, stream)
}

// Services of others, whose callers have no token to show. They tell how the
// process is and how busy, and change nothing.
const (
	healthService = "/grpc.health.v1.Health/"
	scalerService = "/externalscaler.ExternalScaler/"
)

func (g Guard) check(ctx context.Context, method string) error {
	if strings.HasPrefix(method, healthService) || strings.HasPrefix(method, scalerService) {
		return nil
	}
	header := ""
	// A second header would be somebody else's addition: it counts for nothing.
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) == 1 {
		header = values[0]
	}
	if err := g.Token.Check(header); err != nil {
		return status.Error(codes.Unauthenticated, err.Error()+"; the other end's settings are --token and --token-file")
	}
	return nil
}

// shown shows the token with every call.
type shown struct {
	token  *Token
	secure bool
}

func (s shown) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": s.token.Header()}, nil
}

func (s shown) RequireTransportSecurity() bool { return s.secure }

// clientTransport makes each connection with the certificates of the moment.
type clientTransport struct {
	tls *TLS
}

func (c *clientTransport) now() credentials.TransportCredentials {
	return credentials.NewTLS(c.tls.client())
}

func (c *clientTransport) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if name := c.tls.cfg.ServerName; name != "" {
		authority = name
	}
	return c.now().ClientHandshake(ctx, authority, conn)
}

func (c *clientTransport) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("these are a client's credentials")
}

// Info names the protocol; a server name in it becomes the calls' authority.
func (c *clientTransport) Info() credentials.ProtocolInfo { return c.now().Info() }

func (c *clientTransport) Clone() credentials.TransportCredentials {
	return &clientTransport{tls: c.tls}
}

// OverrideServerName implements credentials.TransportCredentials; the name is
// TLSConfig's to set.
func (c *clientTransport) OverrideServerName(string) error {
	return errors.New("the server's name is a setting of the TLS configuration")
}
