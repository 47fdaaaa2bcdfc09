package api

import (
	"errors"
	"strings"

	"github.com/valyala/fasthttp"

	"kallad/worker/auth"
)

// admitted lets a request through that shows what the guard asks for, and does
// not come from another site's page in somebody's browser.
//
// Routes are told apart where they are declared and not by their path, of
// which the router and the handlers may each have their own reading.
func (s *Server) admitted(h handler) handler {
	return func(ctx *fasthttp.RequestCtx) *problem {
		if p := s.admit(ctx); p != nil {
			return p
		}
		return s.traced(ctx, h)
	}
}

func (s *Server) admit(ctx *fasthttp.RequestCtx) *problem {
	if !s.cfg.Guard.TLS.Shown(ctx.TLSConnectionState()) {
		return newProblem(fasthttp.StatusForbidden, "certificate-required", "A client certificate is required",
			"Connect with a certificate that the authority of --tls-ca has signed.")
	}
	if p := s.admitToken(&ctx.Request.Header); p != nil {
		return p
	}
	if foreignPage(&ctx.Request.Header) {
		return newProblem(fasthttp.StatusForbidden, "cross-origin", "The request comes from another site's page",
			"A browser sent it on behalf of a page that is not kallad's own. Call the API from a program.")
	}
	return nil
}

// admitToken answers as RFC 6750 has it: without a token, what is asked for;
// with a wrong one, that it is wrong.
func (s *Server) admitToken(h *fasthttp.RequestHeader) *problem {
	err := s.cfg.Guard.Token.Check(authorization(h))
	if err == nil {
		return nil
	}
	p := newProblem(fasthttp.StatusUnauthorized, "unauthorized", "The request does not show the token",
		"Send the header Authorization: Bearer TOKEN, with the token of --token or --token-file.")
	p.challenge = `Bearer realm="kallad"`
	if errors.Is(err, auth.ErrWrongToken) {
		p.Title = "The token is not the right one"
		p.challenge += `, error="invalid_token"`
	}
	return p
}

// authorization returns the header's value, none when there are several: one
// of them may have been slipped in.
func authorization(h *fasthttp.RequestHeader) string {
	values := h.PeekAll("Authorization")
	if len(values) != 1 {
		return ""
	}
	return string(values[0])
}

// foreignPage reports whether a browser sent a request that changes something
// on behalf of a page of another origin. It goes by what browsers themselves
// add, in the order of Go's http.CrossOriginProtection.
func foreignPage(h *fasthttp.RequestHeader) bool {
	if method := string(h.Method()); method == fasthttp.MethodGet || method == fasthttp.MethodHead || method == fasthttp.MethodOptions {
		return false
	}
	switch string(h.Peek("Sec-Fetch-Site")) {
	case "same-origin", "none":
		return false
	case "":
		origin := string(h.Peek("Origin"))
		_, host, _ := strings.Cut(origin, "://")
		return origin != "" && !strings.EqualFold(host, string(h.Host()))
	}
	return true
}

// strangersBody is the largest body of a request without the token, in bytes:
// enough for none.
const strangersBody = 1

// headerReceived keeps the bodies of strangers' requests out of memory: they
// are refused before they are read.
func (s *Server) headerReceived(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if s.admitToken(h) != nil {
		return fasthttp.RequestConfig{MaxRequestBodySize: strangersBody}
	}
	return fasthttp.RequestConfig{}
}
