package blob

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

const (
	fileScheme = "file://"
	s3Scheme   = "s3://"
)

// IsLocal reports whether uri is a plain path or a file URI, and so has to do
// with this machine's folders.
func IsLocal(uri string) bool {
	return !strings.Contains(uri, "://") || hasScheme(uri, fileScheme)
}

// IsRelative reports whether uri is a plain path that is relative to some folder.
func IsRelative(uri string) bool { return !strings.Contains(uri, "://") && !filepath.IsAbs(uri) }

// IsGlob reports whether uri is one for Store.List: it has a glob's characters
// or names a folder by ending in a slash.
func IsGlob(uri string) bool {
	return strings.ContainsAny(uri, "*?[") || strings.HasSuffix(uri, "/")
}

// Canonical returns one name for all addresses of a place: of a local one the
// path that its links lead to, as far as there is something now. It is for
// telling places apart; what cannot be understood is returned as it is.
func Canonical(uri string) string {
	if hasScheme(uri, s3Scheme) {
		return s3Scheme + strings.TrimRight(uri[len(s3Scheme):], "/")
	}
	path, err := localPath(uri)
	if err != nil {
		return uri
	}
	return resolveLinks(path)
}

// Join returns the address of name in the folder base. It keeps base's own
// form: "runs/7" stays relative, "s3://bucket" and "file:///runs/" keep their
// schemes. An empty base is the working folder.
func Join(base, name string) string {
	switch {
	case base == "":
		return name
	case hasScheme(base, fileScheme):
		return fileScheme + strings.TrimRight(base[len(fileScheme):], "/") + "/" + escapePath(name)
	case strings.Trim(base, "/") == "":
		return "/" + name
	}
	return strings.TrimRight(base, "/") + "/" + name
}

func hasScheme(uri, scheme string) bool {
	return len(uri) >= len(scheme) && strings.EqualFold(uri[:len(scheme)], scheme)
}

// localPath returns the path that a plain path or file URI names. Only a file
// URI is percent-decoded.
func localPath(uri string) (string, error) {
	return decodeLocal(uri, url.PathUnescape)
}

// localPattern is localPath for globs: characters that a file URI has
// percent-encoded stay literal in the pattern.
func localPattern(uri string) (string, error) {
	return decodeLocal(uri, unescapePattern)
}

func decodeLocal(uri string, decode func(string) (string, error)) (string, error) {
	p := uri
	switch {
	case hasScheme(uri, fileScheme):
		raw := uri[len(fileScheme):]
		if !strings.HasPrefix(raw, "/") {
			return "", fmt.Errorf("address %q: a file URI names an absolute path and no host: write file:///folder/name: %w", uri, ErrBadURI)
		}
		decoded, err := decode(raw)
		if err != nil {
			return "", fmt.Errorf("address %q: %w: %w", uri, ErrBadURI, err)
		}
		p = decoded
	case hasScheme(uri, "file:"):
		return "", fmt.Errorf("address %q: write file:///folder/name, or a plain path: %w", uri, ErrBadURI)
	case strings.Contains(uri, "://"):
		return "", fmt.Errorf("address %q: not a local path: %w", uri, ErrBadURI)
	}
	if p == "" || strings.ContainsRune(p, 0) {
		return "", fmt.Errorf("address %q: not a path: %w", uri, ErrBadURI)
	}
	return p, nil
}

// unescapePattern percent-decodes s and puts a backslash before decoded
// characters that would otherwise be a glob's.
func unescapePattern(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", url.EscapeError(s[i:])
		}
		c, err := url.PathUnescape(s[i : i+3])
		if err != nil {
			return "", err
		}
		if strings.Contains(`*?[\`, c) {
			b.WriteByte('\\')
		}
		b.WriteString(c)
		i += 2
	}
	return b.String(), nil
}

// escapePath percent-encodes a path for a file URI and keeps its slashes.
func escapePath(p string) string {
	parts := strings.Split(p, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// likeURI writes path p in the form that uri has.
func likeURI(uri, p string) string {
	if hasScheme(uri, fileScheme) {
		return fileScheme + escapePath(p)
	}
	return p
}

// globBase splits a pattern into the folder above its first glob character,
// ending in a slash or empty, and the rest.
func globBase(pattern string) (base, rest string) {
	i := strings.IndexAny(pattern, `*?[\`)
	if i < 0 {
		i = len(pattern)
	}
	cut := strings.LastIndexByte(pattern[:i], '/') + 1
	return pattern[:cut], pattern[cut:]
}

// matchGlob matches a slash-separated name against a pattern in which the
// segment ** stands for any number of folders, also none; at the end it stands
// for everything below, but not for the folder itself. Names that begin with a
// dot are hidden: only a pattern segment that begins with one shows them.
//
// It goes through the pattern once, with all the depths of the name that may be
// reached by then, so that no pattern takes long.
func matchGlob(pattern, name string) (bool, error) {
	names := strings.Split(name, "/")
	reached := make([]bool, len(names)+1)
	reached[0] = true
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		if segment == "**" {
			for depth, part := range names {
				reached[depth+1] = reached[depth+1] || reached[depth] && !hidden(part)
			}
			if i < len(segments)-1 {
				continue
			}
			segment = "*"
		}
		if err := step(reached, segment, names); err != nil {
			return false, err
		}
	}
	return reached[len(names)], nil
}

// step goes one part of the name deeper from wherever that matches a segment.
func step(reached []bool, segment string, names []string) error {
	for depth := len(names) - 1; depth >= 0; depth-- {
		ok, err := path.Match(segment, names[depth])
		if err != nil {
			return err
		}
		reached[depth+1] = reached[depth] && ok && (hidden(segment) || !hidden(names[depth]))
	}
	reached[0] = false
	return nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// checkGlob reports a malformed pattern before anything is listed.
func checkGlob(uri, pattern string) error {
	for _, segment := range strings.Split(pattern, "/") {
		if _, err := path.Match(segment, ""); err != nil {
			return fmt.Errorf("address %q: malformed glob %q: %w", uri, segment, ErrBadURI)
		}
	}
	return nil
}
