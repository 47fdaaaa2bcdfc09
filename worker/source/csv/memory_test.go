package csv_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"sort"
	"sync"
	"time"

	"kallad/worker/blob"
)

// memoryStore is a blob.Store of byte slices, for tests that read millions of
// small files, and for ones that change a file at a given moment.
type memoryStore struct {
	mu    sync.Mutex
	files map[string][]byte
	reads int64 // bytes handed out
}

func newMemoryStore(files map[string][]byte) *memoryStore {
	return &memoryStore{files: files}
}

func (m *memoryStore) put(uri string, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[uri] = content
}

func version(content []byte) string { return fmt.Sprintf("%p/%d", content, len(content)) }

func (m *memoryStore) Stat(_ context.Context, uri string) (blob.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.files[uri]
	if !ok {
		return blob.Info{}, fmt.Errorf("stat %q: %w", uri, blob.ErrNotFound)
	}
	return blob.Info{URI: uri, Size: int64(len(content)), Version: version(content)}, nil
}

func (m *memoryStore) Open(ctx context.Context, uri string) (blob.Object, error) {
	info, err := m.Stat(ctx, uri)
	if err != nil {
		return nil, err
	}
	return &memoryObject{store: m, info: info}, nil
}

func (m *memoryStore) OpenVersion(ctx context.Context, uri, want string) (blob.Object, error) {
	info, err := m.Stat(ctx, uri)
	if err != nil {
		return nil, err
	}
	if info.Version != want {
		return nil, fmt.Errorf("open %q: %w", uri, blob.ErrChanged)
	}
	return &memoryObject{store: m, info: info}, nil
}

func (m *memoryStore) List(ctx context.Context, pattern string) ([]blob.Info, error) {
	if info, err := m.Stat(ctx, pattern); err == nil {
		return []blob.Info{info}, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var infos []blob.Info
	for uri, content := range m.files {
		if ok, err := path.Match(pattern, uri); err == nil && ok {
			infos = append(infos, blob.Info{URI: uri, Size: int64(len(content)), Version: version(content)})
		}
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].URI < infos[j].URI })
	return infos, nil
}

func (m *memoryStore) Create(context.Context, string) (blob.Writer, error) {
	return nil, blob.ErrPermission
}

func (m *memoryStore) Sweep(context.Context, string, time.Time, time.Time) error {
	return nil
}

type memoryObject struct {
	store *memoryStore
	info  blob.Info
}

func (o *memoryObject) Info() blob.Info { return o.info }
func (o *memoryObject) Close() error    { return nil }

func (o *memoryObject) content() ([]byte, error) {
	o.store.mu.Lock()
	defer o.store.mu.Unlock()
	content := o.store.files[o.info.URI]
	if version(content) != o.info.Version {
		return nil, fmt.Errorf("read %q: %w", o.info.URI, blob.ErrChanged)
	}
	return content, nil
}

func (o *memoryObject) ReadAt(_ context.Context, p []byte, offset int64) (int, error) {
	content, err := o.content()
	if err != nil {
		return 0, err
	}
	o.store.count(int64(len(p)))
	return bytes.NewReader(content).ReadAt(p, offset)
}

func (o *memoryObject) ReadRange(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	if length < 0 {
		length = o.info.Size - offset
	}
	return &memoryReader{ctx: ctx, object: o, pos: offset, end: offset + length}, nil
}

func (m *memoryStore) count(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads += n
}

// memoryReader looks at the object anew for each piece, as a store does that
// reads in ranges.
type memoryReader struct {
	ctx      context.Context
	object   *memoryObject
	pos, end int64
}

func (r *memoryReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.pos >= r.end {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.end-r.pos)]
	n, err := r.object.ReadAt(r.ctx, p, r.pos)
	r.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (r *memoryReader) Close() error { return nil }
