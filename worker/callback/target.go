package callback

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"strings"

	"kallad/worker/reach"
	"kallad/worker/recon"
)

// Target is a caller's callback URL, taken apart. It may hold credentials and
// tokens: String shows the scheme and the host alone.
type Target struct {
	secure bool
	// host is as the URL has it, for the Host header; hostname has no port.
	host, hostname string
	// address is what to dial, with a port.
	address string
	// path is the escaped path without a slash at its end; query is raw.
	path, query string
	// authorization is the value of the header, empty without userinfo.
	authorization string
}

// ParseTarget takes a callback_url apart. The error is an input error and does
// not repeat the URL.
func ParseTarget(callbackURL string) (Target, error) {
	u, err := url.Parse(callbackURL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return Target{}, recon.Input(fmt.Errorf("callback_url is not an http or https URL with a host"))
	}
	t := Target{
		secure:   u.Scheme == "https",
		host:     u.Host,
		hostname: u.Hostname(),
		path:     strings.TrimRight(u.EscapedPath(), "/"),
		query:    escapeQuery(u.RawQuery),
	}
	port := u.Port()
	switch {
	case port != "":
	case t.secure:
		port = "443"
	default:
		port = "80"
	}
	t.address = net.JoinHostPort(t.hostname, port)
	if u.User != nil {
		secret, _ := u.User.Password()
		t.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+secret))
	}
	return t, nil
}

// escapeQuery encodes what may not stand in a request's first line, and leaves
// all else as the caller wrote it: a blank would end the address there.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Check reports the job's callback_url if callbacks may not go to its host.
// Where a name leads is judged again whenever it is connected to.
func Check(rules reach.Rules, job *recon.Job) []recon.FieldError {
	t, err := ParseTarget(job.CallbackURL)
	if job.CallbackURL == "" || err != nil {
		return nil // said elsewhere
	}
	_, port, _ := net.SplitHostPort(t.address)
	if err := rules.Check(t.hostname, port); err != nil {
		return []recon.FieldError{{Field: "callback_url", Message: err.Error()}}
	}
	return nil
}

// requestURI is the path and query for an event: the event is a further part
// of the path, the query stays what it is.
func (t Target) requestURI(event Event) string {
	uri := t.path + "/" + string(event)
	if t.query != "" {
		uri += "?" + t.query
	}
	return uri
}

func (t Target) String() string {
	if t.secure {
		return "https://" + t.host
	}
	return "http://" + t.host
}

// GoString keeps %#v from showing credentials.
func (t Target) GoString() string { return `callback.Target("` + t.String() + `")` }
