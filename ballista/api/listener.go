package api

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// listener bounds the connections that are open at once, in all and from one
// address, and outlives moments in which there is no room for another one: the
// server would take any error of Accept for the end.
type listener struct {
	net.Listener
	most, perAddress int
	log              *slog.Logger

	mu   sync.Mutex
	open int
	from map[netip.Prefix]int
	told time.Time // when the last warning was given
}

func newListener(ln net.Listener, most, perAddress int, log *slog.Logger) *listener {
	return &listener{Listener: ln, most: most, perAddress: perAddress, log: log, from: map[netip.Prefix]int{}}
}

// roomWait is how long to wait after an Accept that failed for want of a file
// handle or of memory.
const roomWait = 20 * time.Millisecond

// Accept implements net.Listener. Whoever has too many connections learns it
// from their end: an answer would have to wait for a request.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		switch {
		case err == nil:
			if kept := l.keep(conn); kept != nil {
				return kept, nil
			}
			l.warn("connection refused: too many are open", "remote", conn.RemoteAddr().String(), "most", l.most, "most_from_one_address", l.perAddress)
			_ = conn.Close()
		case outOfRoom(err):
			l.warn("no room for another connection", "error", err)
			time.Sleep(roomWait)
		default:
			return nil, err
		}
	}
}

// outOfRoom reports whether an Accept failed for something that passes.
func outOfRoom(err error) bool {
	for _, passing := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

// keep counts a connection, or returns nil when there are too many.
func (l *listener) keep(conn net.Conn) net.Conn {
	place := placeOf(conn)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.most || l.from[place] >= l.perAddress {
		return nil
	}
	l.open++
	l.from[place]++
	return &counted{Conn: conn, release: sync.OnceFunc(func() { l.release(place) })}
}

func (l *listener) release(place netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.from[place]--; l.from[place] == 0 {
		delete(l.from, place)
	}
}

// warnEvery keeps a flood of connections from being one of log lines.
const warnEvery = time.Second

func (l *listener) warn(message string, attrs ...any) {
	l.mu.Lock()
	due := time.Since(l.told) >= warnEvery
	if due {
		l.told = time.Now()
	}
	l.mu.Unlock()
	if due {
		l.log.Warn(message, attrs...)
	}
}

// subnetBits is how much of an IPv6 address tells one subscriber from another:
// everybody has the rest to choose from.
const subnetBits = 64

// placeOf is where a connection comes from: an IPv4 address or an IPv6 subnet.
func placeOf(conn net.Conn) netip.Prefix {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	address := tcp.AddrPort().Addr().Unmap()
	bits := address.BitLen()
	if address.Is6() {
		bits = subnetBits
	}
	place, err := address.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return place
}

// counted is a connection that counts until it is closed.
type counted struct {
	net.Conn
	release func()
}

func (c *counted) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// CloseWrite ends the sending direction alone.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
