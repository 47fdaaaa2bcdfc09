package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"kallad/ballista/engine"
)

// checkMachine looks at what a scheduler needs of this machine.
func (f *doctorFlags) checkMachine() []finding {
	return []finding{
		f.checkPort("HTTP port", "--http-port", f.httpPort),
		f.checkPort("gRPC port", "--grpc-port", f.grpcPort),
		checkFolder("staging path", "--staging-path", f.stagingPath),
		checkFolder("temporary folder", "--temp-dir", f.engine.tempDir),
		f.checkMemory(),
		f.checkThreads(),
		checkFiles(),
		checkClock(),
	}
}

func (f *doctorFlags) checkPort(check, flag string, port uint16) finding {
	address := net.JoinHostPort(f.bindHost, strconv.Itoa(int(port)))
	listener, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		_ = listener.Close()
		return fine(check, "%s is free", address)
	case errors.Is(err, syscall.EADDRINUSE) && kalladListens(port):
		return doubtful(check, "nothing, if that is the daemon meant here; a second one needs a "+flag+" of its own", "a kallad scheduler listens on %s already", address)
	case errors.Is(err, syscall.EADDRINUSE):
		return broken(check, "stop what listens there (ss -ltnp shows it), or give another "+flag, "%s is in use", address)
	case errors.Is(err, syscall.EACCES):
		return broken(check, "give a "+flag+" above 1023", "this user may not listen on %s", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return broken(check, "give a --bind-host that is an address of this machine", "%s is no address of this machine", f.bindHost)
	}
	return broken(check, "see whether "+flag+" and --bind-host are right", "cannot listen on %s: %v", address, err)
}

// kalladListens reports whether a scheduler answers on a port of this machine.
func kalladListens(port uint16) bool {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, fmt.Sprintf("http://127.0.0.1:%d/health", port), nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return len(resp.Header.Get("Server")) > 6 && resp.Header.Get("Server")[:7] == "kallad/"
}

const (
	// lowSpace is free space below which a folder is looked at twice. Unit: bytes.
	lowSpace = 2 << 30
	// noSpace is free space with which nothing can be done. Unit: bytes.
	noSpace = 64 << 20
	// slowSync is the time for one fsync beyond which taking jobs is slow.
	slowSync = 50 * time.Millisecond
	// syncs is how often fsync is timed.
	syncs = 11
)

// checkFolder writes into a folder, as a daemon would, and takes it back.
func checkFolder(check, flag, path string) finding {
	abs, err := filepath.Abs(path)
	if err != nil {
		return broken(check, "give "+flag+" as an absolute path", "%v", err)
	}
	folder := abs
	// A folder that is not there yet is made by the daemon; until then its
	// parent says whether it can be.
	for {
		info, err := os.Stat(folder)
		if err == nil && !info.IsDir() {
			return broken(check, "give another "+flag, "%s is no folder", folder)
		}
		absent := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
		if !absent || folder == filepath.Dir(folder) {
			break
		}
		folder = filepath.Dir(folder)
	}
	sync, err := timeSync(folder)
	if err != nil {
		return broken(check, "give another "+flag+", or let this user write there", "cannot write to %s: %v", folder, bareError(err))
	}
	space, err := freeSpace(folder)
	if err != nil {
		return broken(check, "see what kind of disk that is", "free space of %s: %v", folder, bareError(err))
	}
	found := fmt.Sprintf("%s: %s free, fsync takes %s", abs, formatBytes(space), sync.Round(10*time.Microsecond))
	if folder != abs {
		found += "; it will be made"
	}
	switch {
	case space < noSpace:
		return broken(check, "free some space, or give another "+flag, "%s", found)
	case space < lowSpace:
		return doubtful(check, "free some space, or give another "+flag+": evidence and spilled data can be large", "%s", found)
	case sync > slowSync:
		return doubtful(check, "give a "+flag+" on a faster disk: a job is written down before its POST is answered", "%s", found)
	}
	return fine(check, "%s", found)
}

// timeSync returns the middle of several times that writing a few kilobytes to
// disk took.
func timeSync(folder string) (_ time.Duration, err error) {
	file, err := os.CreateTemp(folder, ".kallad-doctor-*")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	took := make([]time.Duration, syncs)
	for i := range took {
		began := time.Now()
		if _, err := file.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[syncs/2], nil
}

func freeSpace(folder string) (int64, error) {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil {
		return 0, err
	}
	return int64(disk.Bavail) * int64(disk.Bsize), nil
}

func bareError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (f *doctorFlags) checkMemory() finding {
	const check = "memory"
	machine, limit := machineMemory(), f.engine.memory()
	if machine == 0 {
		return doubtful(check, "set --memory-limit", "the system does not say how much there is")
	}
	found := fmt.Sprintf("%s for queries of %s that this process may have; %s for each of %d jobs at once",
		formatBytes(limit), formatBytes(machine), formatBytes(f.engine.limits(max(1, f.maxJobs)).MemoryLimit), f.maxJobs)
	switch {
	case f.maxJobs < 1:
		return broken(check, "give a --max-jobs of at least 1", "at most %d jobs at once", f.maxJobs)
	case f.engine.limits(f.maxJobs).MemoryLimit < engine.MinMemoryLimit:
		return broken(check, "raise --memory-limit or lower --max-jobs", "%s; a job needs %s", found, formatBytes(engine.MinMemoryLimit))
	case limit > machine:
		return broken(check, "lower --memory-limit, to three quarters of that at most", "%s", found)
	case limit > machine/4*3:
		return doubtful(check, "lower --memory-limit to three quarters of that: the process needs some 300 MB besides, the system its cache", "%s", found)
	}
	return fine(check, "%s", found)
}

func (f *doctorFlags) checkThreads() finding {
	const check = "processors"
	cores := runtime.GOMAXPROCS(0)
	found := fmt.Sprintf("%d threads on %d cores", f.engine.threads, cores)
	switch {
	case f.engine.threads < 1:
		return broken(check, "give --threads of at least 1", "%s", found)
	case f.engine.threads > 2*cores:
		return doubtful(check, "lower --threads: more than the cores make nothing faster and take memory", "%s", found)
	}
	return fine(check, "%s", found)
}

const (
	// fewFiles is a limit that a busy daemon may come close to, noFiles one
	// that it cannot work with.
	fewFiles = 4096
	noFiles  = 256
)

func checkFiles() finding {
	const check = "file handles"
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return doubtful(check, "see what ulimit -n says", "%v", err)
	}
	do := fmt.Sprintf("raise the limit to %d or more (ulimit -n, LimitNOFILE= of systemd, --ulimit of docker)", 4*fewFiles)
	switch {
	case limit.Cur < noFiles:
		return broken(check, do, "at most %d", limit.Cur)
	case limit.Cur < fewFiles:
		return doubtful(check, do, "at most %d", limit.Cur)
	}
	return fine(check, "at most %d", limit.Cur)
}
