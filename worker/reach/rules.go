package reach

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Config says where connections may go.
type Config struct {
	// Allow lists where to: host, host:port, *.suffix (every name below it),
	// address, address:port, address/bits. Default: anywhere.
	Allow []string
	// AllowSetting is the setting that Allow comes from, for errors.
	AllowSetting string
	// DenyPrivate refuses addresses that are not the public internet's, unless
	// Allow has them as addresses.
	DenyPrivate bool
	// DenySetting is the setting that DenyPrivate comes from, for errors.
	DenySetting string
}

// Rules judge where connections go. The zero Rules let them go anywhere but to
// addresses at which machines tell about themselves; those must be in the list
// one by one.
type Rules struct {
	cfg     Config
	entries []entry
}

// New reads the configuration. It reports everything that is wrong with it.
func New(cfg Config) (Rules, error) {
	r := Rules{cfg: cfg}
	var errs []error
	for _, text := range cfg.Allow {
		e, err := parseEntry(strings.TrimSpace(text))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", cfg.AllowSetting, err))
		}
		r.entries = append(r.entries, e)
	}
	return r, errors.Join(errs...)
}

// DeniedError says that a connection may not be made.
type DeniedError struct {
	// Host is the name or address that was asked for, with its port.
	Host string
	// Reason says what forbids it.
	Reason string
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("connecting to %s is not allowed: %s", e.Host, e.Reason)
}

// Check judges a host before anything is connected or looked up. A name that
// passes may still lead to an address that does not.
func (r Rules) Check(host, port string) error {
	if address, err := netip.ParseAddr(host); err == nil {
		return r.judge(address, port, net.JoinHostPort(host, port), false)
	}
	if r.named(host, port) || r.byAddress() {
		return nil
	}
	return &DeniedError{Host: net.JoinHostPort(host, port), Reason: "the setting " + r.cfg.AllowSetting + " does not name it"}
}

// named reports whether a name alone is allowed.
func (r Rules) named(host, port string) bool {
	host = foldName(host)
	return len(r.entries) == 0 || slices.ContainsFunc(r.entries, func(e entry) bool { return e.named(host, port) })
}

// byAddress reports whether the list has addresses, so that a name which is
// not in it may still lead to one that is.
func (r Rules) byAddress() bool {
	return slices.ContainsFunc(r.entries, func(e entry) bool { return e.name == "" })
}

// judge decides about an address, whose name is allowed or not.
func (r Rules) judge(address netip.Addr, port, asked string, named bool) error {
	forms := faces(address)
	denied := func(reason string) error { return &DeniedError{Host: asked, Reason: reason} }
	within := slices.ContainsFunc(r.entries, func(e entry) bool { return e.holds(forms[0], port) })
	single := slices.ContainsFunc(r.entries, func(e entry) bool { return e.prefix.IsSingleIP() && e.holds(forms[0], port) })
	switch {
	case len(r.entries) > 0 && !named && !within:
		return denied("the setting " + r.cfg.AllowSetting + " does not name it")
	case anyIn(machine, forms) && !single:
		return denied("it leads to a link-local address or to where a machine's own metadata is")
	case within:
		return nil
	case r.cfg.DenyPrivate && anyIn(inside, forms):
		return denied("it leads to a private address, which " + r.cfg.DenySetting + " refuses")
	}
	return nil
}
