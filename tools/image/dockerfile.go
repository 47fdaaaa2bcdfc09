package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// stage is what the last stage of a Dockerfile says of the image.
type stage struct {
	config       v1.Config
	architecture string
}

// lastStage reads a Dockerfile's last stage. Its COPY lines are not read: layer
// has what they copy.
func lastStage(dockerfile string) (stage, error) {
	s := stage{architecture: runtime.GOARCH, config: v1.Config{Labels: map[string]string{}, ExposedPorts: map[string]struct{}{}}}
	s.config.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"}
	lines := instructions(dockerfile)
	last := -1
	for i, line := range lines {
		if strings.HasPrefix(line, "FROM ") {
			last = i
		}
	}
	if last < 0 {
		return s, errors.New("no FROM")
	}
	for _, line := range lines[last+1:] {
		instruction, rest, _ := strings.Cut(line, " ")
		if err := s.apply(instruction, strings.TrimSpace(rest)); err != nil {
			return s, fmt.Errorf("%q: %w", line, err)
		}
	}
	return s, nil
}

// instructions are a Dockerfile's lines without comments, continued ones joined.
func instructions(dockerfile string) []string {
	var lines []string
	joined := ""
	for line := range strings.Lines(dockerfile) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if more, ok := strings.CutSuffix(line, "\\"); ok {
			joined += more
			continue
		}
		lines = append(lines, joined+line)
		joined = ""
	}
	return lines
}

func (s *stage) apply(instruction, rest string) error {
	c := &s.config
	switch instruction {
	case "COPY":
		return nil
	case "LABEL", "ENV":
		pairs, err := assignments(rest)
		if err != nil {
			return err
		}
		for _, p := range pairs {
			if instruction == "ENV" {
				c.Env = append(c.Env, p[0]+"="+p[1])
			} else {
				c.Labels[p[0]] = p[1]
			}
		}
	case "USER":
		c.User = rest
	case "WORKDIR":
		c.WorkingDir = rest
	case "STOPSIGNAL":
		c.StopSignal = rest
	case "EXPOSE":
		for port := range strings.FieldsSeq(rest) {
			c.ExposedPorts[port+"/tcp"] = struct{}{}
		}
	case "ENTRYPOINT":
		return json.Unmarshal([]byte(rest), &c.Entrypoint)
	case "CMD":
		return json.Unmarshal([]byte(rest), &c.Cmd)
	case "HEALTHCHECK":
		return s.healthcheck(rest)
	default:
		return errors.New("no such instruction is known here")
	}
	return nil
}

func (s *stage) healthcheck(rest string) error {
	flags, command, ok := strings.Cut(rest, "CMD ")
	if !ok {
		return errors.New("want HEALTHCHECK ... CMD [...]")
	}
	h := &v1.HealthConfig{}
	for flag := range strings.FieldsSeq(flags) {
		name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		if name == "retries" {
			if _, err := fmt.Sscan(value, &h.Retries); err != nil {
				return err
			}
			continue
		}
		d, err := time.ParseDuration(value)
		if err != nil {
			return err
		}
		switch name {
		case "interval":
			h.Interval = d
		case "timeout":
			h.Timeout = d
		case "start-period":
			h.StartPeriod = d
		default:
			return fmt.Errorf("--%s is not known here", name)
		}
	}
	var argv []string
	if err := json.Unmarshal([]byte(command), &argv); err != nil {
		return err
	}
	h.Test = append([]string{"CMD"}, argv...)
	s.config.Healthcheck = h
	return nil
}

// assignments splits NAME=value NAME="value with blanks".
func assignments(text string) ([][2]string, error) {
	var pairs [][2]string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		name, rest, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("want NAME=value at %q", text)
		}
		var value string
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			if value, text, ok = strings.Cut(quoted, `"`); !ok {
				return nil, fmt.Errorf("no closing quote at %q", rest)
			}
		} else {
			value, text, _ = strings.Cut(rest, " ")
		}
		pairs = append(pairs, [2]string{name, value})
	}
	return pairs, nil
}
