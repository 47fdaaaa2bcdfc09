package reach_test

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"kallad/worker/reach"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func rules(t *testing.T, denyPrivate bool, allow ...string) reach.Rules {
	t.Helper()
	r, err := reach.New(reach.Config{Allow: allow, AllowSetting: "--allow", DenyPrivate: denyPrivate, DenySetting: "--deny-private"})
	require.NoError(t, err)
	return r
}

func TestCheck(t *testing.T) {
	t.Parallel()
	list := []string{"app", "api.example.com:8443", "*.svc.test", "*.tls.test:443", "10.1.0.0/16", "192.168.7.7:9000", "[fd00::7]:80", "2001:db8::/32"}
	cases := []struct {
		allow       []string
		denyPrivate bool
		host        string
		port        string
		ok          bool
	}{
		{host: "anything.test", port: "80", ok: true},
		{host: "10.0.0.1", port: "80", ok: true},
		{host: "127.0.0.1", port: "80", ok: true},
		{denyPrivate: true, host: "anything.test", port: "80", ok: true}, // until it is looked up
		{denyPrivate: true, host: "8.8.8.8", port: "80", ok: true},
		{denyPrivate: true, host: "2606:4700::1111", port: "80", ok: true},

		{allow: list[:4], host: "app", port: "3000", ok: true},
		{allow: list[:4], host: "APP.", port: "3000", ok: true},
		{allow: list[:4], host: "app.evil.test", port: "80"},
		{allow: list[:4], host: "xapp", port: "80"},
		{allow: list[:4], host: "api.example.com", port: "8443", ok: true},
		{allow: list[:4], host: "api.example.com", port: "443"},
		{allow: list[:4], host: "a.b.svc.test", port: "1", ok: true},
		{allow: list[:4], host: "svc.test", port: "1"},
		{allow: list[:4], host: "evilsvc.test", port: "1"},
		{allow: list[:4], host: "x.tls.test", port: "443", ok: true},
		{allow: list[:4], host: "x.tls.test", port: "80"},
		{allow: list[:4], host: "8.8.8.8", port: "80"},
		{allow: list[:4], host: "", port: "80"},

		{allow: list, host: "10.1.2.3", port: "80", ok: true},
		{allow: list, host: "10.2.2.3", port: "80"},
		{allow: list, host: "::ffff:10.1.2.3", port: "80", ok: true},
		{allow: list, host: "192.168.7.7", port: "9000", ok: true},
		{allow: list, host: "192.168.7.7", port: "9001"},
		{allow: list, host: "fd00::7", port: "80", ok: true},
		{allow: list, host: "evil.test", port: "80", ok: true}, // may lead to 10.1.0.0/16: seen when it is looked up
		{allow: list, denyPrivate: true, host: "10.1.2.3", port: "80", ok: true},
		{allow: list, denyPrivate: true, host: "10.2.2.3", port: "80"},
	}
	for _, address := range []string{
		"0.0.0.0", "10.9.8.7", "100.64.1.1", "127.0.0.1", "127.9.9.9", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.0.0.8",
		"198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fc00::1", "fdff::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1",
		"::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:0a00:0001::1", "2002:7f00:1::", "2001:0::1", "2001:db8::1",
	} {
		cases = append(cases, struct {
			allow       []string
			denyPrivate bool
			host        string
			port        string
			ok          bool
		}{denyPrivate: true, host: address, port: "80"})
	}
	for _, c := range cases {
		err := rules(t, c.denyPrivate, c.allow...).Check(c.host, c.port)
		if c.ok {
			assert.NoError(t, err, "%+v", c)
			continue
		}
		var denied *reach.DeniedError
		require.ErrorAs(t, err, &denied, "%+v", c)
		assert.Contains(t, err.Error(), "--", "the setting is named")
	}
}

func TestMachinesThemselvesAreNeverReached(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"169.254.169.254", "169.254.170.2", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254",
		"100.100.100.200", "168.63.129.16", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"} {
		assert.Error(t, reach.Rules{}.Check(address, "80"), address)
		assert.Error(t, rules(t, false, "*.test", "0.0.0.0/1").Check(address, "80"), address)
	}
	assert.NoError(t, rules(t, false, "169.254.169.254").Check("169.254.169.254", "80"), "unless the list has the address")
}

func TestEntriesThatMeanNothingAreNamed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "*", "http://app", "app/x", "a b", "app:", "app:0", "app:99999", "app:http", "10.0.0.1/8", "*.*.test", "a..b", "münchen.test"} {
		_, err := reach.New(reach.Config{Allow: []string{"fine.test", text}, AllowSetting: "--allow"})
		assert.ErrorContains(t, err, "--allow: ", "%q", text)
	}
}

// resolver answers every question for an address with the next of the given
// ones, as a name server does whose owner means no good.
func resolver(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var asked atomic.Int64
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(buf[:n]); err != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				next := answers[min(int(asked.Add(1)), len(answers))-1]
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(next).As4()},
				}}
			}
			packed, err := m.Pack()
			if err == nil {
				_, _ = server.WriteTo(packed, from)
			}
		}
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func TestNamesAreJudgedByWhereTheyLead(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	dial := func(r reach.Rules, host string, answers ...string) error {
		d := &reach.Dialer{Rules: r, Resolver: resolver(t, answers...)}
		conn, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		if err == nil {
			conn.Close()
		}
		return err
	}
	const here = "127.0.0.1"
	require.NoError(t, dial(rules(t, false), "app.test", here))
	require.NoError(t, dial(rules(t, false, "app.test"), "app.test", here))
	require.NoError(t, dial(rules(t, false, "127.0.0.0/8"), "app.test", here), "the address is in the list, so the name need not be")
	require.NoError(t, dial(rules(t, true, "app.test", "127.0.0.1"), "app.test", here), "an address in the list is no private one")

	for name, err := range map[string]error{
		"private":                    dial(rules(t, true), "app.test", here),
		"private by an allowed name": dial(rules(t, true, "*.test"), "app.test", here),
		"not in the list":            dial(rules(t, false, "other.test"), "app.test", here),
		"leads out of the ranges":    dial(rules(t, false, "10.0.0.0/8"), "app.test", here),
		"metadata":                   dial(rules(t, false), "app.test", "169.254.169.254"),
	} {
		var denied *reach.DeniedError
		require.ErrorAs(t, err, &denied, name)
		require.NotContains(t, err.Error(), here, "%s: where a name leads is not told", name)
	}
}

// A name that is looked up twice, and the second time leads inside, is what
// judging names ahead of connecting would fall for.
func TestANameThatChangesItsAddressGainsNothing(t *testing.T) {
	t.Parallel()
	res := resolver(t, "203.0.113.9", "127.0.0.1")
	d := &reach.Dialer{Rules: rules(t, true, "rebind.test"), Resolver: res}
	first, err := res.LookupHost(t.Context(), "rebind.test")
	require.NoError(t, err)
	require.Equal(t, []string{"203.0.113.9"}, first)
	_, err = d.DialContext(t.Context(), "tcp", "rebind.test:80")
	var denied *reach.DeniedError
	require.ErrorAs(t, err, &denied)
}
