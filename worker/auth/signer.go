package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Signer signs messages that this process sends, so that their receiver knows
// whom they are from: by the symmetric scheme of Standard Webhooks 1.0
// (https://www.standardwebhooks.com). With several secrets each message has a
// signature by each of them, so that a secret can be replaced while both ends
// work. However it is printed, nothing of the secrets shows. It is safe for
// concurrent use.
type Signer struct {
	hidden
	keys *watched[[][]byte]
}

const hiddenSigner hidden = "[signing secret]"

// NewSigner returns a signer with the given secrets, each written as
// whsec_ and base64.
func NewSigner(secrets ...string) (*Signer, error) {
	keys, err := parseSecrets(secrets)
	if err != nil {
		return nil, err
	}
	w, err := watch(slog.New(slog.DiscardHandler), func() ([][]byte, error) { return keys, nil })
	return &Signer{hidden: hiddenSigner, keys: w}, err
}

// SignerFile returns a signer with the secrets of a file, a line each. The
// file is read again when it changes. setting is the flag that names it.
func SignerFile(setting, path string, log *slog.Logger) (*Signer, error) {
	w, err := watch(log, func() ([][]byte, error) {
		text, err := readFile(setting, path)
		if err != nil {
			return nil, err
		}
		keys, err := parseSecrets(secretLines(text))
		if err != nil {
			return nil, &FileError{Setting: setting, Path: path, Err: err}
		}
		return keys, nil
	}, path)
	if err != nil {
		return nil, err
	}
	return &Signer{hidden: hiddenSigner, keys: w}, nil
}

const secretPrefix = "whsec_"

// The lengths that the specification allows, in bytes.
const minSecret, maxSecret = 24, 64

// parseSecrets does not repeat a secret in its errors.
func parseSecrets(secrets []string) ([][]byte, error) {
	if len(secrets) == 0 {
		return nil, errors.New("holds no secret")
	}
	var keys [][]byte
	for i, s := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, secretPrefix))
		if err != nil || !strings.HasPrefix(s, secretPrefix) {
			return nil, fmt.Errorf("secret %d is not written as %s and base64; take the output of: echo %s$(openssl rand -base64 32)", i+1, secretPrefix, secretPrefix)
		}
		if len(key) < minSecret || len(key) > maxSecret {
			return nil, fmt.Errorf("secret %d has %d bytes: want %d to %d", i+1, len(key), minSecret, maxSecret)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Sign returns the value of the webhook-signature header for a message of that
// id, sent at that moment.
func (s *Signer) Sign(id string, at time.Time, body []byte) string {
	var signatures []string
	for _, key := range s.keys.get() {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " ")
}
