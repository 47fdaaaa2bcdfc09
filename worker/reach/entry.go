package reach

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// entry is one line of an allow-list: a host name or a suffix of one, or a
// range of addresses; with a port or for every port.
type entry struct {
	// name is in lower case without a dot at its end; empty for a range.
	name   string
	suffix bool
	prefix netip.Prefix
	port   string // empty: every port
}

// parseEntry reads host, host:port, *.suffix, *.suffix:port, address,
// address:port, [address]:port and address/bits.
func parseEntry(text string) (entry, error) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		if prefix != prefix.Masked() {
			return entry{}, fmt.Errorf("%q has bits set beyond its length; the range is %s", text, prefix.Masked())
		}
		return entry{prefix: prefix}, nil
	}
	host, port, err := splitPort(text)
	if err != nil {
		return entry{}, err
	}
	if address, err := netip.ParseAddr(host); err == nil {
		address = address.Unmap()
		return entry{prefix: netip.PrefixFrom(address, address.BitLen()), port: port}, nil
	}
	e := entry{name: foldName(host), port: port}
	if rest, ok := strings.CutPrefix(e.name, "*."); ok {
		e.name, e.suffix = rest, true
	}
	if !isName(e.name) {
		return entry{}, fmt.Errorf("%q is no host: want host, host:port, *.suffix, an address or address/bits", text)
	}
	return e, nil
}

func splitPort(text string) (host, port string, err error) {
	if _, err := netip.ParseAddr(text); err == nil || !strings.Contains(text, ":") {
		return text, "", nil
	}
	host, port, err = net.SplitHostPort(text)
	if err != nil {
		return "", "", fmt.Errorf("%q is no host and port", text)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", fmt.Errorf("%q has no port between 1 and 65535", text)
	}
	return host, port, nil
}

func isName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || strings.ContainsFunc(label, func(r rune) bool {
			return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
		}) {
			return false
		}
	}
	return true
}

// foldName makes two writings of one name equal.
func foldName(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

func (e entry) named(host, port string) bool {
	if e.name == "" || e.port != "" && e.port != port {
		return false
	}
	return !e.suffix && host == e.name || e.suffix && strings.HasSuffix(host, "."+e.name)
}

func (e entry) holds(address netip.Addr, port string) bool {
	return e.name == "" && (e.port == "" || e.port == port) && e.prefix.Contains(address)
}
