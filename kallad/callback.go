package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"

	"kallad/worker/auth"
	"kallad/worker/callback"
	"kallad/worker/reach"
)

// callbackFlags say where callbacks may go and how they are signed.
type callbackFlags struct {
	allow       []string
	denyPrivate bool
	secret      secret
	secretFile  string
}

func (f *callbackFlags) register(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.allow, "callback-allow", nil, "where callbacks may go: host, host:port, *.suffix, address or address/bits; repeatable (default: anywhere)")
	flags.BoolVar(&f.denyPrivate, "callback-deny-private", false, "refuse callbacks to private and loopback addresses that --callback-allow does not have as addresses")
	flags.Var(&f.secret, "callback-secret", "sign callbacks by Standard Webhooks with this secret, whsec_ and base64; with several, separated by commas, by each of them")
	flags.StringVar(&f.secretFile, "callback-secret-file", "", "file with the secret, or several, one a line; read again when it changes")
	env(flags, "callback-allow", "CALLBACK_ALLOW")
	env(flags, "callback-deny-private", "CALLBACK_DENY_PRIVATE")
	env(flags, "callback-secret", "CALLBACK_SECRET")
	env(flags, "callback-secret-file", "CALLBACK_SECRET_FILE")
}

// open returns the client that posts callbacks, and the rules that it keeps to.
// It reports everything that is wrong with the settings.
func (f *callbackFlags) open(log *slog.Logger) (*callback.Client, reach.Rules, error) {
	rules, rulesErr := reach.New(reach.Config{
		Allow: f.allow, AllowSetting: "--callback-allow",
		DenyPrivate: f.denyPrivate, DenySetting: "--callback-deny-private",
	})
	signer, signerErr := f.signer(log)
	if err := errors.Join(rulesErr, signerErr); err != nil {
		return nil, reach.Rules{}, err
	}
	cfg := callback.ClientConfig{Version: version(), Reach: rules}
	if signer != nil {
		cfg.Signer = signer
	}
	return callback.NewClient(cfg), rules, nil
}

func (f *callbackFlags) signer(log *slog.Logger) (*auth.Signer, error) {
	switch {
	case f.secret != "" && f.secretFile != "":
		return nil, errors.New("--callback-secret and --callback-secret-file are both set: give one")
	case f.secret != "":
		signer, err := auth.NewSigner(strings.FieldsFunc(string(f.secret), func(r rune) bool { return r == ',' || r == ' ' })...)
		if err != nil {
			return nil, fmt.Errorf("--callback-secret: %w", err)
		}
		return signer, nil
	case f.secretFile != "":
		return auth.SignerFile("--callback-secret-file", f.secretFile, log)
	}
	return nil, nil
}
