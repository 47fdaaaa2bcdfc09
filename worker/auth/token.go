package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Errors of a request that does not show the token.
var (
	ErrNoToken    = errors.New("a bearer token is required")
	ErrWrongToken = errors.New("the bearer token is not valid")
)

const hiddenToken hidden = "[token]"

// ShortToken is the length below which a token can be guessed; in bytes.
const ShortToken = 16

// Token is a shared secret that callers show, or several while one is being
// replaced by another: all are accepted, the first is sent. However it is
// printed, nothing of it shows. It is safe for concurrent use; a nil Token
// lets everybody in.
type Token struct {
	hidden
	values *watched[[]string]
}

// NewToken returns the token of the given values.
func NewToken(values ...string) (*Token, error) {
	if err := checkTokens(values); err != nil {
		return nil, err
	}
	load := func() ([]string, error) { return values, nil }
	w, err := watch(slog.New(slog.DiscardHandler), load)
	return &Token{hidden: hiddenToken, values: w}, err
}

// TokenFile returns the token in a file: a line each, the first of which is
// the one to send; empty lines and those that begin with # do not count. The
// file is read again when it changes.
func TokenFile(path string, log *slog.Logger) (*Token, error) {
	w, err := watch(log, func() ([]string, error) { return readTokens(path) }, path)
	if err != nil {
		return nil, err
	}
	return &Token{hidden: hiddenToken, values: w}, nil
}

func readTokens(path string) ([]string, error) {
	const setting = "--token-file"
	text, err := readFile(setting, path)
	if err != nil {
		return nil, err
	}
	values := secretLines(text)
	if err := checkTokens(values); err != nil {
		return nil, &FileError{Setting: setting, Path: path, Err: err}
	}
	return values, nil
}

// checkTokens wants what can travel in a header as it is. Its errors do not
// repeat a value.
func checkTokens(values []string) error {
	if len(values) == 0 {
		return errors.New("holds no token")
	}
	for i, v := range values {
		if v == "" {
			return fmt.Errorf("token %d is empty", i+1)
		}
		if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("token %d has characters other than visible ASCII; take the output of: openssl rand -hex 32", i+1)
		}
	}
	return nil
}

// Short reports whether a value of the token is so short that it can be guessed.
func (t *Token) Short() bool {
	for _, v := range t.values.get() {
		if len(v) < ShortToken {
			return true
		}
	}
	return false
}

// Header returns the value of an Authorization header that shows the token.
func (t *Token) Header() string { return "Bearer " + t.values.get()[0] }

// Check looks at the value of an Authorization header. The error is
// ErrNoToken or ErrWrongToken. How long it takes says nothing of how far a
// value was right.
func (t *Token) Check(authorization string) error {
	if t == nil {
		return nil
	}
	scheme, shown, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ErrNoToken
	}
	given := sha256.Sum256([]byte(strings.TrimSpace(shown)))
	right := 0
	for _, v := range t.values.get() {
		want := sha256.Sum256([]byte(v))
		right |= subtle.ConstantTimeCompare(given[:], want[:])
	}
	if right == 0 {
		return ErrWrongToken
	}
	return nil
}
