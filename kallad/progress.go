package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"kallad/worker/recon"
)

// redrawEvery is how often a terminal line is drawn anew.
const redrawEvery = 100 * time.Millisecond

// progressView shows a run's progress: on a terminal one line per stage and
// source that changes in place, elsewhere one line when each is done.
type progressView struct {
	out      *os.File
	terminal bool
	width    int
	color    bool
	now      func() time.Time

	mu      sync.Mutex
	current recon.Progress
	key     string
	began   time.Time

	closed chan struct{}
	drawer sync.WaitGroup
}

func newProgressView(out *os.File) *progressView {
	v := &progressView{out: out, now: time.Now, width: 80}
	v.terminal = term.IsTerminal(int(out.Fd())) && os.Getenv("TERM") != "dumb"
	v.color = v.terminal && os.Getenv("NO_COLOR") == ""
	if width, _, err := term.GetSize(int(out.Fd())); err == nil && width > 20 {
		v.width = width
	}
	if v.terminal {
		v.closed = make(chan struct{})
		v.drawer.Go(v.redraw)
	}
	return v
}

// redraw keeps the line moving, also while nothing new is told.
func (v *progressView) redraw() {
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		select {
		case <-v.closed:
			return
		case <-tick.C:
			v.mu.Lock()
			if v.key != "" {
				v.draw(v.line(v.now(), false))
			}
			v.mu.Unlock()
		}
	}
}

// show takes one observation.
func (v *progressView) show(p recon.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	if key := string(p.Stage) + "/" + p.Source; key != v.key {
		v.finishLine(now)
		v.key, v.began = key, now
	}
	v.current = p
}

// close ends the display, leaving the last line complete.
func (v *progressView) close() {
	if v.terminal {
		close(v.closed)
		v.drawer.Wait()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.finishLine(v.now())
	v.key = ""
}

func (v *progressView) finishLine(now time.Time) {
	if v.key == "" {
		return
	}
	line := v.line(now, true)
	if v.terminal {
		v.draw(line)
		fmt.Fprintln(v.out)
		return
	}
	fmt.Fprintln(v.out, line)
}

func (v *progressView) draw(line string) {
	if len(line) >= v.width {
		line = line[:v.width-1]
	}
	if v.color {
		stage := string(v.current.Stage)
		line = strings.Replace(line, stage, "\x1b[1m"+stage+"\x1b[0m", 1)
	}
	fmt.Fprintf(v.out, "\r\x1b[2K%s", line)
}

// line is the state of the current stage in words.
func (v *progressView) line(now time.Time, done bool) string {
	p := v.current
	took := now.Sub(v.began)
	parts := []string{fmt.Sprintf("%3d%%  %-15s", int(p.Fraction*100), p.Stage)}
	switch {
	case p.Source != "":
		parts = append(parts, v.reading(took, done)...)
	case p.MatchedCount != nil:
		parts = append(parts, group(*p.MatchedCount)+" matches")
	}
	return strings.TrimRight(strings.Join(append(parts, seconds(took)), "  "), " ")
}

func (v *progressView) reading(took time.Duration, done bool) []string {
	p := v.current
	parts := []string{p.Source}
	if p.RowsRead == nil {
		return parts
	}
	rows := *p.RowsRead
	parts = append(parts, group(rows)+" rows")
	if took <= 0 || rows == 0 {
		return parts
	}
	rate := float64(rows) / took.Seconds()
	parts = append(parts, group(int64(rate))+" rows/s")
	if p.RowsTotal != nil && *p.RowsTotal > rows && !done {
		left := time.Duration(float64(*p.RowsTotal-rows) / rate * float64(time.Second))
		parts = append(parts, "ETA "+seconds(left))
	}
	return parts
}

func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// group writes a count with commas between its thousands.
func group(n int64) string {
	s := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
