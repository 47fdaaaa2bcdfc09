package reach

import (
	"net/netip"
	"slices"
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, p := range list {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

// machine are the addresses at which a machine, or the cloud it runs in, tells
// it about itself, credentials included: link-local ones, and those that
// providers have put elsewhere. Nobody's callback or database is there.
var machine = prefixes(
	"169.254.0.0/16", "fe80::/10",
	"fd00:ec2::/32",      // Amazon's services over IPv6
	"fd20:ce::254/128",   // Google's metadata over IPv6
	"100.100.100.200/32", // Alibaba's metadata
	"168.63.129.16/32",   // Azure's host
	"192.0.0.192/32",     // Oracle's metadata
)

// inside are the addresses that are not the public internet's: RFC 1918, 4193,
// 6598, and what the registries of special-purpose addresses (RFC 6890) list.
var inside = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fec0::/10", "ff00::/8",
)

// carriers are ranges of IPv6 whose addresses lead to an IPv4 one that they
// hold, at the given byte.
var carriers = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12}, // NAT64, RFC 6052
	{netip.MustParsePrefix("2002::/16"), 2},     // 6to4, RFC 3056
	{netip.MustParsePrefix("::/96"), 12},        // IPv4-compatible, RFC 4291
}

// faces returns the address in all the forms in which it has to be judged.
func faces(address netip.Addr) []netip.Addr {
	address = address.WithZone("").Unmap()
	out := []netip.Addr{address}
	if !address.Is6() {
		return out
	}
	bytes := address.As16()
	for _, c := range carriers {
		if c.prefix.Contains(address) {
			out = append(out, netip.AddrFrom4([4]byte(bytes[c.at:c.at+4])))
		}
	}
	return out
}

func anyIn(ranges []netip.Prefix, addresses []netip.Addr) bool {
	return slices.ContainsFunc(addresses, func(a netip.Addr) bool {
		return slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(a) })
	})
}
