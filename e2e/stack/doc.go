// Package stack runs the product's own image, and what it talks to, as
// containers on a private network: Postgres, an S3 server, a listener for
// callbacks, schedulers and executors. Each test has a network of its own, takes
// free ports only, and leaves nothing behind; when it fails, the log of every
// container is kept.
//
// It must not know what a suite tests, and it knows of the product only what
// its callers and operators know: HTTP, the command line, files and signals.
package stack
