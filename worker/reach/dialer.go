package reach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Dialer makes connections within the rules. It is safe for concurrent use.
type Dialer struct {
	Rules Rules
	// Timeout bounds one attempt to connect. Default 0: none but the context's.
	Timeout time.Duration
	// KeepAlive is the time between probes of a silent connection. Default:
	// the net package's.
	KeepAlive time.Duration
	// Resolver looks names up. Default: the system's.
	Resolver *net.Resolver

	mu sync.Mutex
	// names are those that LookupHost was asked for, by where they led.
	names map[netip.Addr][]string
}

// LookupHost is net.Resolver's, for clients that resolve names themselves
// before they dial: an address that it has given counts for DialContext as the
// name that led to it.
func (d *Dialer) LookupHost(ctx context.Context, host string) ([]string, error) {
	found, err := d.resolver().LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names == nil {
		d.names = map[netip.Addr][]string{}
	}
	for _, text := range found {
		address, err := netip.ParseAddr(text)
		if err == nil && !slices.Contains(d.names[address.Unmap()], host) {
			d.names[address.Unmap()] = append(d.names[address.Unmap()], host)
		}
	}
	return found, nil
}

func (d *Dialer) resolver() *net.Resolver {
	if d.Resolver != nil {
		return d.Resolver
	}
	return net.DefaultResolver
}

// DialContext is net.Dialer's. Each address that a name resolves to is judged
// right before it is connected to.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	named := d.named(host, port)
	if !named {
		if err := d.Rules.Check(host, port); err != nil {
			return nil, err
		}
	}
	dialer := net.Dialer{Timeout: d.Timeout, KeepAlive: d.KeepAlive, Resolver: d.Resolver, Control: func(_, resolved string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(resolved)
		if err != nil {
			return fmt.Errorf("connect to %s: %w", address, err)
		}
		return d.Rules.judge(at.Addr(), port, address, named)
	}}
	conn, err := dialer.DialContext(ctx, network, address)
	var denied *DeniedError
	if errors.As(err, &denied) {
		return nil, denied // without the address that the name led to
	}
	return conn, err
}

// named reports whether the host is allowed by its name, or by one that led
// to it.
func (d *Dialer) named(host, port string) bool {
	names := []string{host}
	if address, err := netip.ParseAddr(host); err == nil {
		d.mu.Lock()
		names = append(names, d.names[address.Unmap()]...)
		d.mu.Unlock()
	}
	return slices.ContainsFunc(names, func(name string) bool { return d.Rules.named(name, port) })
}
