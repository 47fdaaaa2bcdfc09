package api

import (
	"embed"
	"path"

	"github.com/valyala/fasthttp"
)

// pageFiles is the page for people. It holds nothing of any job: its script
// asks the other routes, with the token that it asks its reader for.
//
//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page load what is its own and nothing else, and keeps it
// out of other pages. Nothing in it is inline.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

func (s *Server) getPage(ctx *fasthttp.RequestCtx) *problem {
	return writePageFile(ctx, "index.html")
}

func (s *Server) getPageFile(ctx *fasthttp.RequestCtx) *problem {
	name, _ := ctx.UserValue("file").(string)
	return writePageFile(ctx, name)
}

func writePageFile(ctx *fasthttp.RequestCtx, name string) *problem {
	text, err := pageFiles.ReadFile(path.Join("page", path.Base(name)))
	contentType := pageTypes[path.Ext(name)]
	if err != nil || contentType == "" {
		return notFound(ctx)
	}
	h := &ctx.Response.Header
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	ctx.SetContentType(contentType)
	ctx.SetBody(text)
	return nil
}
