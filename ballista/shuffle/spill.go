package shuffle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// spill is the file of one output: a stream of Arrow's IPC format, the schema
// first and then blocks of all partitions. Which block belongs to which
// partition, and its checksum, is known in memory only, as the file is of no
// use to anybody else and does not outlive its store.
type spill struct {
	file *os.File
	size int64
	refs atomic.Int64
}

// streamEnd is what a stream of Arrow's IPC format ends with.
var streamEnd = []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}

const (
	unfinished = ".part"
	finished   = ".arrows"
)

func createSpill(folder, name string, head []byte) (*spill, error) {
	file, err := os.OpenFile(filepath.Join(folder, name+unfinished), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, &FullError{fmt.Errorf("make a file: %w", err)}
	}
	s := &spill{file: file}
	s.refs.Store(1)
	if _, err := s.append(head); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

// append writes at the end, and returns where that was.
func (s *spill) append(b []byte) (int64, error) {
	at := s.size
	if _, err := s.file.WriteAt(b, at); err != nil {
		return 0, &FullError{err}
	}
	s.size += int64(len(b))
	return at, nil
}

// publish ends the stream and gives the file its final name.
func (s *spill) publish() error {
	if _, err := s.append(streamEnd); err != nil {
		return err
	}
	final := strings.TrimSuffix(s.file.Name(), unfinished) + finished
	if err := os.Rename(s.file.Name(), final); err != nil {
		return fmt.Errorf("publish what was written: %w", err)
	}
	return nil
}

// remove removes the file. Those who read it may go on until they release it.
func (s *spill) remove() error {
	var errs []error
	for _, name := range []string{s.file.Name(), strings.TrimSuffix(s.file.Name(), unfinished) + finished} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove shuffled data: %w", err))
		}
	}
	return errors.Join(append(errs, s.release())...)
}

func (s *spill) retain() { s.refs.Add(1) }

func (s *spill) release() error {
	if s.refs.Add(-1) == 0 {
		return s.file.Close()
	}
	return nil
}
