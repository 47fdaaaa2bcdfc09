package recon

import (
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// URI is the address of a source. It may hold credentials: String, and with it
// every %v and %s and every log line, shows it redacted; Reveal alone returns
// the address as it was posted. JSON carries it as it was posted, because that
// is how it travels; whoever writes JSON for people uses String.
type URI string

// Reveal returns the URI with its credentials, for opening the source only.
func (u URI) Reveal() string { return string(u) }

// String returns the URI without its credentials.
func (u URI) String() string {
	out := wholeUserinfo.ReplaceAllString(string(u), "$1$2:***@")
	return RedactURL(wholeParam.ReplaceAllString(out, "$1=***"))
}

// GoString keeps %#v from showing credentials.
func (u URI) GoString() string { return `recon.URI("` + u.String() + `")` }

// LogValue keeps credentials out of structured logs.
func (u URI) LogValue() slog.Value { return slog.StringValue(u.String()) }

// Scheme returns the lower-case scheme, "file" for a plain path.
func (u URI) Scheme() string {
	scheme, _, ok := strings.Cut(string(u), "://")
	if !ok {
		return "file"
	}
	return strings.ToLower(scheme)
}

// userinfo finds `user:secret@` in anything that looks like a URL, also when
// the URL does not parse: the secret runs to the last @ before a blank, as a
// password that was not escaped may hold an @, a slash or a question mark.
// This may hide more than the secret, but never less.
var userinfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)([^/\s?#@:]*):(\S*)@`)

// secretNames are the parameters whose values are secrets.
const secretNames = `password|passwd|pwd|sslpassword|secret|token|access_key|secret_key|session_token|x-amz-signature|x-amz-credential|x-amz-security-token|sig|signature`

// secretParam finds them in URLs and in
// key=value connection strings.
var secretParam = regexp.MustCompile(`(?i)\b(` + secretNames + `)=('(?:[^'\\]|\\.)*'|[^&\s]*)`)

// wholeUserinfo and wholeParam find the same where the text is known to be one
// URL: there a blank that was not escaped belongs to the secret as well.
var (
	wholeUserinfo = regexp.MustCompile(`(?s)^([a-zA-Z][a-zA-Z0-9+.-]*://)([^/?#@:]*):(.*)@`)
	wholeParam    = regexp.MustCompile(`(?i)([?&](?:` + secretNames + `))=([^&]*)`)
)

// RedactURL returns raw with user names kept and secrets replaced by "***".
// It also works on text that merely contains URLs, such as error messages.
func RedactURL(raw string) string {
	out := userinfo.ReplaceAllString(raw, "$1$2:***@")
	return secretParam.ReplaceAllString(out, "$1=***")
}

// Secrets returns the credential texts that raw, a URL, holds, in the forms in which
// an error message might repeat them: as written and percent-decoded.
func Secrets(raw string) []string {
	var found []string
	add := func(s string) {
		if s == "" {
			return
		}
		found = append(found, s)
		// In a parameter a plus is a blank.
		for _, decode := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
			if decoded, err := decode(s); err == nil && !slices.Contains(found, decoded) {
				found = append(found, decoded)
			}
		}
	}
	for _, pattern := range []*regexp.Regexp{wholeUserinfo, userinfo} {
		for _, m := range pattern.FindAllStringSubmatch(raw, -1) {
			add(m[3])
		}
	}
	for _, pattern := range []*regexp.Regexp{wholeParam, secretParam} {
		for _, m := range pattern.FindAllStringSubmatch(raw, -1) {
			add(strings.Trim(m[2], "'"))
		}
	}
	return found
}

// Scrub removes from text every secret that the given URIs hold.
func Scrub(text string, uris ...URI) string {
	for _, u := range uris {
		text = strings.ReplaceAll(text, u.Reveal(), u.String())
		for _, s := range Secrets(u.Reveal()) {
			if len(s) >= 3 {
				text = strings.ReplaceAll(text, s, "***")
			}
		}
	}
	return RedactURL(text)
}
