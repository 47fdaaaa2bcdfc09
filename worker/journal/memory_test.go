package journal_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"

	"kallad/worker/journal"
)

// memory is a folder that knows what a power cut would leave of it, and in
// which the test decides what fails.
type memory struct {
	mu sync.Mutex
	// fault, if set, is asked before each operation.
	fault func(op, name string) error
	files map[string]*memoryFile
	// durable are the names as of the last Sync; renamed are the states of the
	// names since, oldest first.
	durable map[string]*memoryFile
	since   []map[string]*memoryFile
	syncs   int
	dead    bool
}

var errDead = errors.New("the machine is off")

func newMemory() *memory {
	return &memory{files: map[string]*memoryFile{}, durable: map[string]*memoryFile{}}
}

type memoryFile struct {
	folder *memory
	name   string
	data   []byte
	// durable is the content as of the last Sync.
	durable []byte
}

// ask is called with mu held.
func (m *memory) ask(op, name string) error {
	if m.dead {
		return errDead
	}
	if m.fault == nil {
		return nil
	}
	return m.fault(op, name)
}

func (m *memory) List() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.files)), m.ask("list", "")
}

func (m *memory) Create(name string) (journal.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask("create", name); err != nil {
		return nil, err
	}
	if m.files[name] != nil {
		return nil, fs.ErrExist
	}
	f := &memoryFile{folder: m, name: name}
	m.files[name] = f
	m.note()
	return f, nil
}

// note remembers the names as they are now.
func (m *memory) note() { m.since = append(m.since, maps.Clone(m.files)) }

func (m *memory) Open(name string) (journal.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask("open", name); err != nil {
		return nil, err
	}
	if m.files[name] == nil {
		return nil, fs.ErrNotExist
	}
	return m.files[name], nil
}

func (m *memory) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask("rename", from); err != nil {
		return err
	}
	if m.files[from] == nil {
		return fs.ErrNotExist
	}
	m.files[to] = m.files[from]
	m.files[to].name = to
	delete(m.files, from)
	m.note()
	return nil
}

func (m *memory) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask("remove", name); err != nil {
		return err
	}
	if m.files[name] == nil {
		return fs.ErrNotExist
	}
	delete(m.files, name)
	m.note()
	return nil
}

func (m *memory) Sync() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask("sync", ""); err != nil {
		return err
	}
	m.durable, m.since = maps.Clone(m.files), nil
	return nil
}

func (m *memory) Close() error { return nil }

func (f *memoryFile) ReadAt(p []byte, at int64) (int, error) {
	f.folder.mu.Lock()
	defer f.folder.mu.Unlock()
	if err := f.folder.ask("read", f.name); err != nil {
		return 0, err
	}
	if at >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt writes a part of what it should when it fails.
func (f *memoryFile) WriteAt(p []byte, at int64) (int, error) {
	f.folder.mu.Lock()
	defer f.folder.mu.Unlock()
	err := f.folder.ask("write", f.name)
	if errors.Is(err, errDead) {
		return 0, err
	}
	if err != nil {
		p = p[:rand.N(len(p)+1)]
	}
	if end := at + int64(len(p)); end > int64(len(f.data)) {
		f.data = append(f.data, make([]byte, end-int64(len(f.data)))...)
	}
	copy(f.data[at:], p)
	return len(p), err
}

func (f *memoryFile) Truncate(size int64) error {
	f.folder.mu.Lock()
	defer f.folder.mu.Unlock()
	if err := f.folder.ask("truncate", f.name); err != nil {
		return err
	}
	f.data = f.data[:size:size]
	return nil
}

func (f *memoryFile) Sync() error {
	f.folder.mu.Lock()
	defer f.folder.mu.Unlock()
	if err := f.folder.ask("sync", f.name); err != nil {
		return err
	}
	f.folder.syncs++
	f.durable = slices.Clone(f.data)
	return nil
}

func (f *memoryFile) Size() (int64, error) {
	f.folder.mu.Lock()
	defer f.folder.mu.Unlock()
	return int64(len(f.data)), f.folder.ask("size", f.name)
}

func (f *memoryFile) Close() error { return nil }

// kill returns what a new process finds after this one was killed.
func (m *memory) kill() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
	return m.after(m.files, func(f *memoryFile) []byte { return f.data })
}

// cutPower returns what a new process finds after a power cut: what was synced
// is there; of what was not, nobody knows how much.
func (m *memory) cutPower() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
	names := m.durable
	if n := rand.N(len(m.since) + 1); n > 0 {
		names = m.since[n-1]
	}
	return m.after(names, func(f *memoryFile) []byte {
		switch rand.N(4) {
		case 0:
			return f.durable
		case 1:
			return f.data
		}
		if len(f.data) < len(f.durable) {
			return f.durable
		}
		// A part of the new content; the size may have got ahead of it.
		part := slices.Clone(f.data[:len(f.durable)+rand.N(len(f.data)-len(f.durable)+1)])
		if rand.N(2) == 0 {
			part = append(part, make([]byte, len(f.data)-len(part))...)
		}
		return part
	})
}

func (m *memory) after(names map[string]*memoryFile, content func(*memoryFile) []byte) *memory {
	next := newMemory()
	for name, f := range names {
		data := slices.Clone(content(f))
		next.files[name] = &memoryFile{folder: next, name: name, data: data, durable: slices.Clone(data)}
	}
	next.durable = maps.Clone(next.files)
	return next
}

var errFull error = syscall.ENOSPC
