//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands before an executor's data port, and can let nothing more
// through that comes from one process: a network cut between those two only.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	from  int  // the process that is cut off
	still bool // cut off without a word, as by a lost cable
	conns map[net.Conn]int
	wg    sync.WaitGroup
}

func newProxy(t *testing.T) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l, conns: map[net.Conn]int{}}
	p.wg.Go(p.serve)
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// cut lets nothing more through from a process.
func (p *proxy) cut(pid int, still bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from, p.still = pid, still
	for c, from := range p.conns {
		if from == pid && !still {
			_ = c.Close()
		}
	}
}

func (p *proxy) serve() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.carry(c) })
	}
}

func (p *proxy) carry(c net.Conn) {
	defer c.Close()
	from := owner(c.RemoteAddr().(*net.TCPAddr).Port)
	p.mu.Lock()
	refused := p.from == from && !p.still
	p.conns[c] = from
	p.mu.Unlock()
	if refused {
		return
	}
	to, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer to.Close()
	var both sync.WaitGroup
	both.Go(func() { p.copy(to, c, from); _ = to.Close() })
	both.Go(func() { p.copy(c, to, from); _ = c.Close() })
	both.Wait()
}

// copy carries bytes one way; of a connection that was cut silently it drops
// them.
func (p *proxy) copy(to io.Writer, from io.Reader, pid int) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		drop := p.still && p.from == pid
		p.mu.Unlock()
		if n > 0 && !drop {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// owner finds the process that has a TCP socket on this machine with a local
// port; 0 when there is none.
func owner(port int) int {
	inode := inodeOf(port)
	if inode == "" {
		return 0
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == "socket:["+inode+"]" {
			var pid int
			if _, err := fmt.Sscanf(link, "/proc/%d/fd/", &pid); err == nil {
				return pid
			}
		}
	}
	return 0
}

func inodeOf(port int) string {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			fields := strings.Fields(lines.Text())
			if len(fields) > 9 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				_ = f.Close()
				return fields[9]
			}
		}
		_ = f.Close()
	}
	return ""
}
