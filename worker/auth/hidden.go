package auth

import (
	"fmt"
	"log/slog"
	"strings"
)

// hidden is embedded in what holds secrets: however that is printed, this text
// shows and nothing else.
type hidden string

// String implements fmt.Stringer.
func (h hidden) String() string { return string(h) }

// GoString implements fmt.GoStringer.
func (h hidden) GoString() string { return string(h) }

// Format implements fmt.Formatter: no verb shows more.
func (h hidden) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(h)) }

// LogValue implements slog.LogValuer.
func (h hidden) LogValue() slog.Value { return slog.StringValue(string(h)) }

// MarshalText implements encoding.TextMarshaler, and so JSON as well.
func (h hidden) MarshalText() ([]byte, error) { return []byte(h), nil }

// secretLines are the lines of a file of secrets; empty ones and those that
// begin with # do not count.
func secretLines(text []byte) []string {
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}
