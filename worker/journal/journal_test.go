package journal_test

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/worker/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// meter keeps the last of what it is told.
type meter struct {
	mu                sync.Mutex
	syncs, failed     int
	changes           int
	total, live       int64
	keys, compactions int
	damaged, tail     int64
}

func (m *meter) ObserveSync(changes int, ok bool, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.syncs++
	m.changes += changes
	if !ok {
		m.failed++
	}
}

func (m *meter) ObserveSize(total, live int64, keys int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total, m.live, m.keys = total, live, keys
}

func (m *meter) ObserveCompaction(ok bool, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ok {
		m.compactions++
	}
}

func (m *meter) ObserveLoss(damaged, tail int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.damaged, m.tail = damaged, tail
}

func (m *meter) get() meter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return meter{syncs: m.syncs, failed: m.failed, changes: m.changes, total: m.total, live: m.live, keys: m.keys,
		compactions: m.compactions, damaged: m.damaged, tail: m.tail}
}

var quiet = slog.New(slog.DiscardHandler)

func open(t *testing.T, folder journal.Folder) (*journal.Journal, *meter) {
	t.Helper()
	return openWith(t, journal.DefaultConfig(), folder)
}

func openWith(t *testing.T, cfg journal.Config, folder journal.Folder) (*journal.Journal, *meter) {
	t.Helper()
	require.NoError(t, cfg.Validate())
	m := &meter{}
	j, err := journal.Open(cfg, folder, m, quiet)
	require.NoError(t, err)
	return j, m
}

func values(t *testing.T, j *journal.Journal) map[string]string {
	t.Helper()
	got := map[string]string{}
	require.NoError(t, j.Each(func(key string, value []byte) error {
		got[key] = string(value)
		return nil
	}))
	return got
}

func folder(t *testing.T, path string) journal.Folder {
	t.Helper()
	f, err := journal.OpenFolder(path)
	require.NoError(t, err)
	return f
}

func segments(t *testing.T, path, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(path, pattern))
	require.NoError(t, err)
	return found
}

func TestWhatWasPutIsThereAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".kallad")
	j, _ := open(t, folder(t, path))
	require.NoError(t, j.Put("a", []byte("1")).Wait())
	require.NoError(t, j.Put("b", []byte("2")).Wait())
	require.NoError(t, j.Keep("a", []byte("3")).Wait())
	require.NoError(t, j.Note("", nil).Wait())
	require.NoError(t, j.Put("c", []byte("4")).Wait())
	require.NoError(t, j.Delete("b").Wait())
	require.NoError(t, j.Close())
	require.NoError(t, j.Close(), "closing twice is fine")
	assert.ErrorIs(t, j.Put("late", nil).Wait(), journal.ErrClosed)

	j, m := open(t, folder(t, path))
	assert.Equal(t, map[string]string{"a": "3", "": "", "c": "4"}, values(t, j))
	var order []string
	require.NoError(t, j.Each(func(key string, _ []byte) error { order = append(order, key); return nil }))
	assert.Equal(t, []string{"a", "", "c"}, order, "in the order of the last change")
	assert.Equal(t, 3, m.get().keys)
	require.NoError(t, j.Close())

	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	for _, name := range segments(t, path, "*") {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestTheSecondOfTwoIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".kallad")
	first := folder(t, path)
	_, err := journal.OpenFolder(path)
	var locked *journal.LockedError
	require.ErrorAs(t, err, &locked)
	assert.ErrorContains(t, err, fmt.Sprintf("process %d", os.Getpid()))
	assert.ErrorContains(t, err, path)
	require.NoError(t, first.Close())
	require.NoError(t, folder(t, path).Close())
}

// A file that was removed takes what is written, and no other process finds it.
func TestAJournalThatWasRemovedTakesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".kallad")
	j, _ := open(t, folder(t, path))
	require.NoError(t, j.Put("a", nil).Wait())
	require.NoError(t, os.RemoveAll(path))
	require.ErrorContains(t, j.Put("b", nil).Wait(), "somebody has removed its files")
	require.ErrorContains(t, j.Err(), "somebody has removed its files")
	kept := j.Keep("c", nil)
	require.ErrorContains(t, j.Close(), "1 changes could not be written")
	require.ErrorIs(t, kept.Wait(), journal.ErrClosed)
}

func TestManyChangesShareASync(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	release := make(chan struct{})
	held := make(chan struct{})
	var once sync.Once
	j, m := open(t, disk)
	disk.fault = func(op, _ string) error {
		if op == "write" {
			once.Do(func() { close(held); <-release })
		}
		return nil
	}
	first := j.Put("first", nil)
	<-held
	var changes []*journal.Change
	for i := range 500 {
		changes = append(changes, j.Put(fmt.Sprint(i), []byte("x")))
	}
	close(release)
	require.NoError(t, first.Wait())
	for _, c := range changes {
		require.NoError(t, c.Wait())
	}
	require.NoError(t, j.Close())
	assert.Equal(t, 2, m.get().syncs, "the first, and the rest together")
	assert.Equal(t, 501, m.get().changes)
}

func TestConcurrentChangesOfOneKeyEndWithTheLast(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".kallad")
	cfg := journal.DefaultConfig()
	cfg.SegmentBytes, cfg.CompactBytes = 2000, 4000
	j, m := openWith(t, cfg, folder(t, path))
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 200 {
				key := fmt.Sprintf("%d-%d", worker, i%5)
				c := j.Put(key, []byte(fmt.Sprintf("%d %s", i, strings.Repeat("x", i%50))))
				if i%10 == 0 {
					assert.NoError(t, c.Wait())
				}
			}
		})
	}
	group.Wait()
	require.Eventually(t, func() bool { return m.get().compactions > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, j.Close())

	j, _ = openWith(t, cfg, folder(t, path))
	got := values(t, j)
	assert.Len(t, got, 40)
	for worker := range 8 {
		for i := 195; i < 200; i++ {
			assert.Equal(t, fmt.Sprintf("%d %s", i, strings.Repeat("x", i%50)), got[fmt.Sprintf("%d-%d", worker, i%5)])
		}
	}
	require.NoError(t, j.Close())
}

func TestTheLogStaysSmall(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".kallad")
	cfg := journal.DefaultConfig()
	cfg.SegmentBytes, cfg.CompactBytes = 10_000, 20_000
	j, m := openWith(t, cfg, folder(t, path))
	secret := strings.Repeat("secret", 100)
	// Clearing away goes on beside the writing, which waits for it here once
	// what is overwritten is that much and another segment is full.
	most := cfg.CompactBytes + cfg.SegmentBytes
	largest := int64(0)
	for i := range 2000 {
		key := fmt.Sprint(i % 10)
		require.NoError(t, j.Put(key, []byte(secret)).Wait())
		require.NoError(t, j.Delete(key).Wait())
		largest = max(largest, m.get().total)
		if m.get().total > most {
			require.Eventually(t, func() bool { return m.get().total <= cfg.CompactBytes }, 20*time.Second, time.Millisecond)
		}
	}
	require.NoError(t, j.Close())
	// Some 1,300,000 bytes were written; beyond the bound is what one round adds.
	assert.Less(t, largest, most+1000)
	assert.Zero(t, m.get().keys)

	j, _ = open(t, folder(t, path))
	assert.Empty(t, values(t, j))
	require.NoError(t, j.Close())
	for _, name := range segments(t, path, "*") {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "secret", "a start clears away what is over")
	}
}

func TestOverwrittenDataGoesInTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".kallad")
	cfg := journal.DefaultConfig()
	cfg.CompactEvery, cfg.Retry = 50*time.Millisecond, 5*time.Millisecond
	j, _ := openWith(t, cfg, folder(t, path))
	require.NoError(t, j.Put("job", []byte("postgres://u:secret@h/db")).Wait())
	require.NoError(t, j.Put("job", []byte("done")).Wait())
	require.Eventually(t, func() bool {
		for _, name := range segments(t, path, "*") {
			if text, err := os.ReadFile(name); err == nil && strings.Contains(string(text), "secret") {
				return false
			}
		}
		return true
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, j.Close())
}

func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	cfg := journal.DefaultConfig()
	cfg.Retry = time.Millisecond
	j, m := openWith(t, cfg, disk)
	require.NoError(t, j.Put("before", []byte("1")).Wait())
	var mu sync.Mutex
	full := true
	disk.mu.Lock()
	disk.fault = func(op, _ string) error {
		mu.Lock()
		defer mu.Unlock()
		if full && op == "write" {
			return errFull
		}
		return nil
	}
	disk.mu.Unlock()
	assert.ErrorIs(t, j.Put("refused", []byte("2")).Wait(), errFull)
	assert.ErrorIs(t, j.Put("before", []byte("3")).Wait(), errFull)
	assert.ErrorIs(t, j.Err(), errFull)
	kept := j.Keep("kept", []byte("4"))
	overtaken, last := j.Keep("twice", []byte("5")), j.Keep("twice", []byte("6"))
	select {
	case <-kept.Done():
		t.Fatal("kept on a full disk")
	case <-time.After(20 * time.Millisecond):
	}
	mu.Lock()
	full = false
	mu.Unlock()
	require.NoError(t, kept.Wait())
	require.NoError(t, overtaken.Wait())
	require.NoError(t, last.Wait())
	require.NoError(t, j.Err())
	require.NoError(t, j.Put("after", []byte("7")).Wait())
	assert.Positive(t, m.get().failed)

	j2, m2 := open(t, disk.cutPower())
	assert.Equal(t, map[string]string{"before": "1", "kept": "4", "twice": "6", "after": "7"}, values(t, j2))
	assert.Zero(t, m2.get().damaged)
	require.NoError(t, j2.Close())
	_ = j.Close()
}

func TestAFullDiskIsNoticedToBeFreeAgainWithoutWork(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	cfg := journal.DefaultConfig()
	cfg.Retry = time.Millisecond
	fails := 5
	disk.fault = func(op, _ string) error {
		if op == "create" && fails > 0 {
			fails--
			return errFull
		}
		return nil
	}
	j, _ := openWith(t, cfg, disk)
	require.ErrorIs(t, j.Put("a", nil).Wait(), errFull)
	require.Eventually(t, func() bool { return j.Err() == nil }, 10*time.Second, time.Millisecond)
	require.NoError(t, j.Close())
	j, _ = open(t, disk.kill())
	assert.Empty(t, values(t, j))
	require.NoError(t, j.Close())
}

func TestWhatCouldNotBeWrittenIsToldAtTheEnd(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	j, _ := open(t, disk)
	disk.fault = func(op, _ string) error {
		if op == "sync" {
			return errFull
		}
		return nil
	}
	c := j.Keep("a", nil)
	assert.ErrorIs(t, j.Close(), errFull)
	assert.ErrorIs(t, c.Wait(), journal.ErrClosed)
}

func TestAnotherFormatIsNotTouched(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".kallad")
	require.NoError(t, folder(t, path).Close())
	name := filepath.Join(path, "00000001-0123456789abcdef.log2")
	require.NoError(t, os.WriteFile(name, []byte("x"), 0o600))
	_, err := journal.Open(journal.DefaultConfig(), folder(t, path), &meter{}, quiet)
	assert.ErrorContains(t, err, "log2")
	assert.FileExists(t, name)
	require.NoError(t, folder(t, path).Close(), "the lock is free again")
}

func TestConfigNamesEverySettingThatCannotWork(t *testing.T) {
	t.Parallel()
	err := journal.Config{}.Validate()
	for _, text := range []string{"segments of 0 bytes", "rewritten every 0s", "0 segments"} {
		assert.ErrorContains(t, err, text)
	}
}

// sample is a journal with a few changes, closed: its one segment and what it
// holds after each change.
func sample(t *testing.T) (name string, data []byte, ends []int, states []map[string]string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".kallad")
	j, _ := open(t, folder(t, path))
	state := map[string]string{}
	add := func(c *journal.Change) {
		require.NoError(t, c.Wait())
		info, err := os.Stat(segments(t, path, "*.log")[0])
		require.NoError(t, err)
		ends = append(ends, int(info.Size()))
		states = append(states, maps.Clone(state))
	}
	for i := range 6 {
		key, value := fmt.Sprint("key", i%4), strings.Repeat(fmt.Sprint(i), 3*i)
		state[key] = value
		add(j.Put(key, []byte(value)))
	}
	delete(state, "key1")
	add(j.Delete("key1"))
	state["end"] = "e"
	add(j.Put("end", []byte("e")))
	require.NoError(t, j.Close())
	names := segments(t, path, "*.log")
	require.Len(t, names, 1)
	data, err := os.ReadFile(names[0])
	require.NoError(t, err)
	require.Len(t, data, ends[len(ends)-1])
	return filepath.Base(names[0]), data, ends, states
}

// holding is a folder with one segment.
func holding(name string, data []byte) *memory {
	m := newMemory()
	m.files[name] = &memoryFile{folder: m, name: name, data: data, durable: slices.Clone(data)}
	m.durable = maps.Clone(m.files)
	return m
}

// TestASyncUnderWayHoldsNoWriteUp is what keeps the moment short in which the
// death of the process loses a change that was submitted.
func TestASyncUnderWayHoldsNoWriteUp(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	release, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	hold := func(op, name string) {
		if op == "sync" && name != "" {
			once.Do(func() { close(held); <-release })
		}
	}
	j, _ := open(t, &slowSync{memory: disk, hold: hold})
	first := j.Put("first", []byte("1"))
	<-held
	second, note := j.Put("second", []byte("2")), j.Note("note", []byte("3"))
	require.NoError(t, note.Wait())
	select {
	case <-second.Done():
		t.Fatal("done before it was synced")
	default:
	}
	disk.mu.Lock()
	after := disk.after(disk.files, func(f *memoryFile) []byte { return f.data })
	disk.mu.Unlock()
	close(release)
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	require.NoError(t, j.Close())
	k, _ := open(t, after)
	assert.Equal(t, map[string]string{"first": "1", "second": "2", "note": "3"}, values(t, k))
	require.NoError(t, k.Close())
}

// slowSync is a memory whose syncs the test holds up, and nothing else.
type slowSync struct {
	*memory
	hold func(op, name string)
}

func (s *slowSync) Create(name string) (journal.File, error) {
	f, err := s.memory.Create(name)
	if err != nil {
		return nil, err
	}
	return &slowFile{f.(*memoryFile), s.hold}, nil
}

type slowFile struct {
	*memoryFile
	hold func(op, name string)
}

func (f *slowFile) Sync() error {
	f.hold("sync", f.name)
	return f.memoryFile.Sync()
}
