// Package auth says who may talk to a process of kallad's, over HTTP and gRPC:
// a bearer token, TLS with a certificate of our own, and certificates that the
// other end has to show.
//
// Secrets and certificates may come from files, which are read again when they
// change, so that both can be rolled without a restart.
//
// It must not know what is served, nor where settings come from. Its errors
// name settings by their flags.
package auth
