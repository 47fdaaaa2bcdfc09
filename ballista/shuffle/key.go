package shuffle

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Key names a piece, without saying where it is.
type Key struct {
	Job       string
	Stage     int
	Task      int
	Attempt   int
	Step      string
	Partition int
}

// maxKey is the longest key in its string form, so that it is a file name
// everywhere, with something to spare for an ending. Unit: bytes.
const maxKey = 240

// keySep separates the parts of a key. It is escaped within them.
const keySep = "~"

// String returns the key in a form that is a file name and a Flight ticket.
func (k Key) String() string {
	return k.attempt() + keySep + strconv.Itoa(k.Partition)
}

// attempt is the key without its partition: the name of an output.
func (k Key) attempt() string {
	return strings.Join([]string{
		escape(k.Job), strconv.Itoa(k.Stage), strconv.Itoa(k.Task), strconv.Itoa(k.Attempt), escape(k.Step),
	}, keySep)
}

// ParseKey reads what String wrote.
func ParseKey(s string) (Key, error) {
	parts := strings.Split(s, keySep)
	if len(s) > maxKey || len(parts) != 6 {
		return Key{}, fmt.Errorf("%.80q is not the key of a piece", s)
	}
	job, jobErr := url.PathUnescape(parts[0])
	step, stepErr := url.PathUnescape(parts[4])
	errs := []error{jobErr, stepErr}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		errs = append(errs, err)
		return n
	}
	k := Key{
		Job: job, Stage: number(parts[1]), Task: number(parts[2]), Attempt: number(parts[3]),
		Step: step, Partition: number(parts[5]),
	}
	errs = append(errs, k.validate())
	if err := errors.Join(errs...); err != nil {
		return Key{}, fmt.Errorf("%.80q is not the key of a piece: %w", s, err)
	}
	if k.String() != s {
		return Key{}, fmt.Errorf("%.80q is not the key of a piece: it would be written %q", s, k)
	}
	return k, nil
}

// validate reports what keeps the key from naming a piece. Escaping makes any
// name harmless; names that look like paths are refused all the same, as
// nobody who means well sends them.
func (k Key) validate() error {
	var errs []error
	for _, part := range [][2]string{{"job", k.Job}, {"step", k.Step}} {
		what, name := part[0], part[1]
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00") {
			errs = append(errs, fmt.Errorf("%s %.80q cannot be part of a file name", what, name))
		}
	}
	if min(k.Stage, k.Task, k.Attempt, k.Partition) < 0 {
		errs = append(errs, fmt.Errorf("a negative number in stage %d, task %d, attempt %d, partition %d", k.Stage, k.Task, k.Attempt, k.Partition))
	}
	if n := len(k.String()); n > maxKey {
		errs = append(errs, fmt.Errorf("the names of job and step are too long: %d bytes, at most %d", n, maxKey))
	}
	return errors.Join(errs...)
}

// escape writes every byte but letters, digits, dash and underscore as %XX.
func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
