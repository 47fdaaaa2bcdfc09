package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"kallad/worker/reach"
)

// localParameters are those of libpq that name something on this machine.
var localParameters = []string{"passfile", "service", "servicefile", "sslcert", "sslkey", "sslrootcert"}

const localHint = "a job may not use; --postgres-local lets it"

// parseConn reads what of the address is libpq's. If the address comes from
// somebody who has no business on this machine, it must not name files,
// services or sockets here, and does not get the password that is kept here
// for somebody else: pgx would send it to any server that asks.
func parseConn(rest string, cfg Config) (*pgx.ConnConfig, error) {
	if cfg.Local {
		return pgx.ParseConfig(rest)
	}
	keys := parameterKeys(rest)
	for _, key := range localParameters {
		if slices.Contains(keys, key) {
			return nil, fmt.Errorf("the parameter %s names what is on this machine, which %s", key, localHint)
		}
	}
	// pgx refuses keys that it sees and that parameterKeys has not seen.
	options := pgx.ParseConfigOptions{ParseConfigOptions: pgconn.ParseConfigOptions{ConnStringAllowedKeys: append(keys,
		"host", "port", "user", "password", "database")}}
	conn, err := pgx.ParseConfigWithOptions(rest, options)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(hosts(conn), func(h server) bool { return filepath.IsAbs(h.host) }) {
		return nil, fmt.Errorf("it leads to a Unix socket of this machine, which %s; give a host", localHint)
	}
	if !hasPassword(rest, keys) {
		conn.Password = ""
	}
	return conn, nil
}

// parameterKeys are the keys of the URL's query part, decoded.
func parameterKeys(rest string) []string {
	var keys []string
	_, query, _ := strings.Cut(rest, "?")
	for kv := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(kv, "=")
		if decoded, err := url.QueryUnescape(key); err == nil {
			key = decoded
		}
		if key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

func hasPassword(rest string, keys []string) bool {
	_, tail, _ := strings.Cut(rest, "://")
	authority, _, _ := strings.Cut(tail, "/")
	at := strings.LastIndexByte(authority, '@')
	return at >= 0 && strings.Contains(authority[:at], ":") || slices.Contains(keys, "password")
}

// server is one of those that an address names.
type server struct {
	host string
	port uint16
}

func hosts(conn *pgx.ConnConfig) []server {
	found := []server{{conn.Host, conn.Port}}
	for _, f := range conn.Fallbacks {
		found = append(found, server{f.Host, f.Port})
	}
	return found
}

// confine keeps connections within the rules.
func confine(conn *pgx.ConnConfig, cfg Config) error {
	for _, s := range hosts(conn) {
		if filepath.IsAbs(s.host) {
			continue
		}
		if err := cfg.Reach.Check(s.host, strconv.Itoa(int(s.port))); err != nil {
			return err
		}
	}
	dialer := &reach.Dialer{Rules: cfg.Reach, Timeout: conn.ConnectTimeout, KeepAlive: keepAlive}
	conn.LookupFunc = dialer.LookupHost
	conn.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if network == "unix" {
			return (&net.Dialer{Timeout: conn.ConnectTimeout}).DialContext(ctx, network, address)
		}
		return dialer.DialContext(ctx, network, address)
	}
	return nil
}
