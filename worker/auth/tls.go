package auth

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
)

// TLSConfig says with what a process shows who it is, and whom it trusts. All
// paths are of PEM files.
type TLSConfig struct {
	// Cert is this process's certificate, followed by those between it and
	// the authority; Key is its private key. Both or none: without them the
	// process serves unencrypted.
	Cert, Key string
	// CA holds the certificates of the authorities that the other end's must
	// be signed by. Default: the system's, and clients need no certificate.
	CA string
	// NoClientCert lets clients connect without a certificate although there
	// is a CA.
	NoClientCert bool
	// ServerName is the name that servers' certificates must hold in place of
	// the address that is connected to. Default: that address.
	ServerName string
}

// asked reports whether any TLS is asked for.
func (c TLSConfig) asked() bool {
	return c.Cert != "" || c.Key != "" || c.CA != "" || c.ServerName != ""
}

func (c TLSConfig) validate() error {
	switch {
	case c.Cert != "" && c.Key == "":
		return errors.New("--tls-cert is given without --tls-key: both are needed")
	case c.Key != "" && c.Cert == "":
		return errors.New("--tls-key is given without --tls-cert: both are needed")
	case c.CA != "" && c.Cert == "" && !c.NoClientCert:
		return errors.New("--tls-ca is given without --tls-cert and --tls-key, with which clients could be asked for a certificate: give them, or let clients do without one with --tls-client-auth none")
	}
	return nil
}

// TLS makes the settings of both ends of encrypted connections. It is safe for
// concurrent use; files that change are read again at the next connection.
type TLS struct {
	cfg  TLSConfig
	keys *watched[keys]
}

// keys is what the files hold.
type keys struct {
	own *tls.Certificate // nil without one
	ca  *x509.CertPool   // nil: the system's
}

// NewTLS reads the files. It returns nil when cfg asks for no TLS.
func NewTLS(cfg TLSConfig, log *slog.Logger) (*TLS, error) {
	if !cfg.asked() {
		return nil, nil
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	var paths []string
	for _, p := range []string{cfg.Cert, cfg.Key, cfg.CA} {
		if p != "" {
			paths = append(paths, p)
		}
	}
	w, err := watch(log, cfg.read, paths...)
	if err != nil {
		return nil, err
	}
	return &TLS{cfg: cfg, keys: w}, nil
}

// read reports everything that is wrong with the files.
func (c TLSConfig) read() (keys, error) {
	var k keys
	var errs []error
	if c.Cert != "" {
		own, err := readPair(c.Cert, c.Key)
		k.own, errs = own, append(errs, err)
	}
	if c.CA != "" {
		pem, err := readFile("--tls-ca", c.CA)
		k.ca = x509.NewCertPool()
		if err == nil && !k.ca.AppendCertsFromPEM(pem) {
			err = &FileError{Setting: "--tls-ca", Path: c.CA, Err: errors.New("holds no certificate in PEM form")}
		}
		errs = append(errs, err)
	}
	return k, errors.Join(errs...)
}

func readPair(certPath, keyPath string) (*tls.Certificate, error) {
	cert, certErr := readFile("--tls-cert", certPath)
	key, keyErr := readFile("--tls-key", keyPath)
	if err := errors.Join(certErr, keyErr); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, &FileError{Setting: "--tls-cert", Path: certPath, Err: errors.New(err.Error() + "; its key is in " + keyPath)}
	}
	return &pair, nil
}

// Serves reports whether this process has a certificate to serve with.
func (t *TLS) Serves() bool { return t != nil && t.cfg.Cert != "" }

// Mutual reports whether clients must show a certificate.
func (t *TLS) Mutual() bool { return t.Serves() && t.cfg.CA != "" && !t.cfg.NoClientCert }

// ForHTTP returns the settings of an HTTP server, nil without a certificate. A
// client without a certificate is let through even where one is needed, so
// that probes work: the handler refuses it by Shown.
func (t *TLS) ForHTTP() *tls.Config { return t.server(tls.VerifyClientCertIfGiven) }

// ForRPC returns the settings of a gRPC server, nil without a certificate.
func (t *TLS) ForRPC() *tls.Config { return t.server(tls.RequireAndVerifyClientCert) }

// Shown reports whether the other end of a connection to ForHTTP's server has
// shown the certificate that it needs.
func (t *TLS) Shown(state *tls.ConnectionState) bool {
	return !t.Mutual() || state != nil && len(state.VerifiedChains) > 0
}

func (t *TLS) server(mutual tls.ClientAuthType) *tls.Config {
	if !t.Serves() {
		return nil
	}
	current := func(*tls.ClientHelloInfo) (*tls.Config, error) {
		k := t.keys.get()
		// A ticket would let a client in by a certificate that was good once.
		cfg := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*k.own}, SessionTicketsDisabled: true}
		if t.Mutual() {
			cfg.ClientAuth, cfg.ClientCAs = mutual, k.ca
		}
		return cfg, nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: current}
}

// ForClient returns the settings of an HTTP client that lives no longer than
// its certificates.
func (t *TLS) ForClient() *tls.Config { return t.client() }

// client returns the settings for one connection to a server.
func (t *TLS) client() *tls.Config {
	k := t.keys.get()
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: k.ca, ServerName: t.cfg.ServerName}
	if k.own != nil {
		cfg.Certificates = []tls.Certificate{*k.own}
	}
	return cfg
}
