package api_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inline finds what the page's policy would not let run.
var inline = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script[^>]*>[^<]`)

// own finds the page's further files where they are named.
var own = regexp.MustCompile(`"(?:page|\.)/([a-z]+\.(?:js|css|svg))"`)

// abroad finds what would be loaded from elsewhere.
var abroad = regexp.MustCompile(`(?i)(src|href|from|import|url)[\s=("']+(https?:)?//`)

func TestThePageLoadsItsOwnAndNothingElse(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	paths := []string{"/"}
	for i := 0; i < len(paths); i++ {
		path := paths[i]
		a := s.fetch(t, path)
		for _, m := range own.FindAllStringSubmatch(a.body, -1) {
			if next := "/page/" + m[1]; !slices.Contains(paths, next) {
				paths = append(paths, next)
			}
		}
		require.Equal(t, 200, a.status, path)
		assert.NotRegexp(t, abroad, a.body, path)
		policy := a.header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'", path)
		assert.NotContains(t, policy, "unsafe", path)
		assert.Contains(t, policy, "frame-ancestors 'none'", path)
		assert.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "no-referrer", a.header.Get("Referrer-Policy"), path)
		kind := a.header.Get("Content-Type")
		switch {
		case path == "/" || strings.HasSuffix(path, ".html"):
			assert.Equal(t, "text/html; charset=utf-8", kind)
			assert.NotRegexp(t, inline, a.body)
		case strings.HasSuffix(path, ".js"):
			assert.Equal(t, "text/javascript; charset=utf-8", kind)
			assert.NotContains(t, a.body, "innerHTML", path)
			assert.NotContains(t, a.body, "insertAdjacentHTML", path)
		}
	}
	assert.Greater(t, len(paths), 8, "%v", paths)
	for _, path := range []string{"/page/", "/page/nothing.js", "/page/..%2fpage.go", "/page/%2e%2e/page.go", "/page/page"} {
		assert.Equal(t, 404, s.fetch(t, path).status, path)
	}
}
