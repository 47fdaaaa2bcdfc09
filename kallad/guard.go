package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/spf13/pflag"

	"kallad/worker/auth"
)

// guardFlags say who may talk to a process, for every command that listens.
type guardFlags struct {
	token      secret
	tokenFile  string
	tls        auth.TLSConfig
	clientAuth string
}

// The values of --tls-client-auth.
const (
	clientAuthRequire = "require"
	clientAuthNone    = "none"
)

func (f *guardFlags) register(flags *pflag.FlagSet) {
	flags.Var(&f.token, "token", "bearer token that callers must show over HTTP and gRPC; better set by its variable or file, as a command line is there for all to see")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with the token; read again when it changes; of several lines the first is sent and all are accepted")
	flags.StringVar(&f.tls.Cert, "tls-cert", "", "PEM file with the certificate to serve HTTP and gRPC with; read again when it changes")
	flags.StringVar(&f.tls.Key, "tls-key", "", "PEM file with the key of --tls-cert")
	flags.StringVar(&f.tls.CA, "tls-ca", "", "PEM file with the authorities that the other end's certificate must be signed by; with it, clients must show a certificate")
	flags.StringVar(&f.clientAuth, "tls-client-auth", clientAuthRequire, "whether clients must show a certificate when there is a --tls-ca: require or none")
	flags.StringVar(&f.tls.ServerName, "tls-server-name", "", "name that the certificates of other kallad processes must hold (default: the address that is connected to)")
	env(flags, "token", "KALLAD_TOKEN")
	env(flags, "token-file", "KALLAD_TOKEN_FILE")
	env(flags, "tls-cert", "KALLAD_TLS_CERT")
	env(flags, "tls-key", "KALLAD_TLS_KEY")
	env(flags, "tls-ca", "KALLAD_TLS_CA")
	env(flags, "tls-client-auth", "KALLAD_TLS_CLIENT_AUTH")
	env(flags, "tls-server-name", "KALLAD_TLS_SERVER_NAME")
}

// registerCaller registers what a caller of another process needs.
func (f *guardFlags) registerCaller(flags *pflag.FlagSet) {
	flags.Var(&f.token, "token", "bearer token to show; better set by its variable or file, as a command line is there for all to see")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with the token")
	flags.StringVar(&f.tls.Cert, "tls-cert", "", "PEM file with the certificate to show")
	flags.StringVar(&f.tls.Key, "tls-key", "", "PEM file with the key of --tls-cert")
	flags.StringVar(&f.tls.CA, "tls-ca", "", "PEM file with the authorities that the scheduler's certificate must be signed by (default: the system's)")
	flags.StringVar(&f.tls.ServerName, "tls-server-name", "", "name that the scheduler's certificate must hold (default: the address that is connected to)")
	env(flags, "token", "KALLAD_TOKEN")
	env(flags, "token-file", "KALLAD_TOKEN_FILE")
	env(flags, "tls-cert", "KALLAD_TLS_CERT")
	env(flags, "tls-key", "KALLAD_TLS_KEY")
	env(flags, "tls-ca", "KALLAD_TLS_CA")
	env(flags, "tls-server-name", "KALLAD_TLS_SERVER_NAME")
}

// openCaller is open for what registerCaller registered.
func (f *guardFlags) openCaller(log *slog.Logger) (auth.Guard, error) {
	f.clientAuth = clientAuthNone // nobody connects to a caller
	return f.open(log)
}

// open reads the secrets and certificates. It reports everything that is wrong
// with them.
func (f *guardFlags) open(log *slog.Logger) (auth.Guard, error) {
	token, tokenErr := f.openToken(log)
	if f.clientAuth != clientAuthRequire && f.clientAuth != clientAuthNone {
		return auth.Guard{}, errors.Join(tokenErr, fmt.Errorf("--tls-client-auth %q: want %s or %s", f.clientAuth, clientAuthRequire, clientAuthNone))
	}
	cfg := f.tls
	cfg.NoClientCert = f.clientAuth == clientAuthNone
	secure, tlsErr := auth.NewTLS(cfg, log)
	return auth.Guard{Token: token, TLS: secure}, errors.Join(tokenErr, tlsErr)
}

func (f *guardFlags) openToken(log *slog.Logger) (*auth.Token, error) {
	var token *auth.Token
	var err error
	switch {
	case f.token != "" && f.tokenFile != "":
		return nil, errors.New("--token and --token-file are both set: give one")
	case f.token != "":
		if token, err = auth.NewToken(string(f.token)); err != nil {
			return nil, fmt.Errorf("--token: %w", err)
		}
	case f.tokenFile != "":
		if token, err = auth.TokenFile(f.tokenFile, log); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	if token.Short() {
		log.Warn("the token is so short that it can be guessed; take the output of: openssl rand -hex 32", "want_characters", auth.ShortToken)
	}
	return token, nil
}

// warnOpen says what somebody who reaches the address could do, if the guard
// leaves that to anybody, or could read on the way.
func warnOpen(log *slog.Logger, host string, guard auth.Guard) {
	switch {
	case isLoopback(host):
	case guard.Open():
		log.Warn("open to the world: anyone who can reach this address can post jobs and read what they say; set --token or --tls-ca, or bind to 127.0.0.1", "host", host)
	case !guard.TLS.Serves():
		log.Warn("the token and everything else travel unencrypted: set --tls-cert and --tls-key unless the network is private", "host", host)
	}
}

// files are those that hold secrets: no job may read them.
func (f *guardFlags) files() []string {
	var secrets []string
	for _, path := range []string{f.tokenFile, f.tls.Key} {
		if path != "" {
			secrets = append(secrets, path)
		}
	}
	return secrets
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || host == "localhost"
}

// secret is a flag value that is never shown.
type secret string

// Set implements pflag.Value.
func (s *secret) Set(text string) error {
	*s = secret(text)
	return nil
}

// Type implements pflag.Value.
func (s *secret) Type() string { return "secret" }

// String implements pflag.Value.
func (s *secret) String() string {
	if *s == "" {
		return ""
	}
	return "[secret]"
}

// GoString keeps %#v from showing it.
func (s secret) GoString() string { return "[secret]" }
