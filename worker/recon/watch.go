package recon

// Watch tells one reader which jobs changed. It holds no changes, only the
// run_ids of jobs that did, so a slow reader costs nothing: it asks for the
// jobs as they are when it is ready.
type Watch struct {
	// Changed has a value when there is something to Take.
	Changed <-chan struct{}
	// Take returns the run_ids of the jobs that changed since the last Take,
	// each once, the first changed first.
	Take func() []string
	// Stop ends the watch; it is called once.
	Stop func()
}
