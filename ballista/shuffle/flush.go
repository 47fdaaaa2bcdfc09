package shuffle

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// flush turns collected batches into blocks. First it decides which rows go
// into which block, then it measures the blocks, and then it fills them column
// by column and batch by batch, so that what it reads is in the cache and what
// it writes is written once.
type flush struct {
	layout   *layout
	output   *output
	router   *router
	first    int
	budget   int
	counters *Counters

	// targets are the blocks under way, ordered by partition.
	targets []target
	// nodes and buffers are for targets to come.
	nodes   []node
	buffers []extent
	// runs say for each batch which rows go where, ordered by target.
	runs [][]run
}

// target is a block under way.
type target struct {
	partition int
	rows      int
	nodes     []node
	buffers   []extent
	body      int
	// data is where the block is built; segment is what holds it.
	data    []byte
	segment *segment
	inPlace bool
	// grown are the columns that are put together before they are copied.
	grown []*growing
	// filled and bytes are how far the current column is.
	filled, bytes int
}

// run is a number of rows of one batch, order[from:to], that go into one
// target.
type run struct{ target, from, to int }

func (f *flush) run(bytes int, pieces []piece) error {
	if f.router.rows == 0 {
		return nil
	}
	perBlock := blockRows * 2
	if average := bytes/f.router.rows + 1; average*perBlock > blockBytes*3/2 {
		perBlock = max(blockBytes/average, 1)
	}
	f.byCount(perBlock)
	f.measure()
	if f.tooLarge() {
		f.bySize()
		f.measure()
	}
	for from := 0; from < len(f.targets); {
		to := f.group(from)
		if err := f.build(from, to, pieces); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// byCount makes targets of at most so many rows.
func (f *flush) byCount(rows int) {
	f.begin()
	for p := range f.router.partitions {
		last := -1
		for b := range f.router.batches {
			from, to := f.router.batches[b].part(p)
			for from < to {
				if last < 0 || f.targets[last].rows == rows {
					last = f.add(p)
				}
				n := min(to-from, rows-f.targets[last].rows)
				f.extend(b, last, from, n)
				from += n
			}
		}
	}
}

// bySize makes targets of about blockBytes, by looking at every row.
func (f *flush) bySize() {
	f.begin()
	sizes := make([][]int, len(f.router.batches))
	for b := range f.router.batches {
		sizes[b] = make([]int, f.router.batches[b].rows)
		for c := range f.layout.fields {
			addSizes(sizes[b], f.layout.fields[c], f.column(b, c).Data())
		}
	}
	for p := range f.router.partitions {
		last, size := -1, 0
		for b := range f.router.batches {
			e := &f.router.batches[b]
			from, to := e.part(p)
			for i := from; i < to; i++ {
				row := i
				if e.order != nil {
					row = int(e.order[i])
				}
				if last < 0 || size+sizes[b][row] > blockBytes || f.targets[last].rows == 2*blockRows {
					last, size = f.add(p), 0
				}
				size += sizes[b][row]
				f.extend(b, last, i, 1)
			}
		}
	}
}

func (f *flush) begin() {
	f.targets = f.targets[:0]
	f.runs = make([][]run, len(f.router.batches))
}

func (f *flush) add(partition int) int {
	f.targets = append(f.targets, target{
		partition: partition,
		nodes:     cut(&f.nodes, f.layout.nodes, 64), buffers: cut(&f.buffers, f.layout.buffers, 64),
	})
	return len(f.targets) - 1
}

// cut takes n zero elements off a slice, which is made anew, for so many
// takers, when it is too short.
func cut[T any](spare *[]T, n, takers int) []T {
	if len(*spare) < n {
		*spare = make([]T, n*takers)
	}
	taken := (*spare)[:n:n]
	*spare = (*spare)[n:]
	return taken
}

// extend adds rows from..from+n of a batch's order to a target.
func (f *flush) extend(batch, target, from, n int) {
	f.targets[target].rows += n
	if last := len(f.runs[batch]) - 1; last >= 0 && f.runs[batch][last].target == target && f.runs[batch][last].to == from {
		f.runs[batch][last].to += n
		return
	}
	f.runs[batch] = append(f.runs[batch], run{target, from, from + n})
}

func (f *flush) column(batch, c int) arrow.Array {
	return f.router.batches[batch].batch.Column(f.first + c)
}

// measure finds the size of every buffer of every target, and its place.
func (f *flush) measure() {
	for c, field := range f.layout.fields {
		f.rewind()
		field.measure(f, c)
	}
	for i := range f.targets {
		t := &f.targets[i]
		t.body = 0
		for b := range t.buffers {
			t.buffers[b].at = t.body
			t.body += pad(t.buffers[b].length)
		}
	}
}

// rewind starts a column.
func (f *flush) rewind() {
	for i := range f.targets {
		f.targets[i].filled, f.targets[i].bytes = 0, 0
	}
}

func (f *flush) tooLarge() bool {
	for i := range f.targets {
		if f.targets[i].rows > 1 && f.size(i) > largeBlock {
			return true
		}
	}
	return false
}

func (f *flush) size(target int) int { return len(f.layout.template) + f.targets[target].body }

// group returns the end of a group of targets that are built at once.
func (f *flush) group(from int) int {
	sum, to := 0, from
	for to < len(f.targets) && (to == from || sum+f.size(to) <= f.budget) {
		sum += f.size(to)
		to++
	}
	return to
}

// build builds the targets from..to and adds them to the pieces: in memory
// where there is room, else together on disk.
func (f *flush) build(from, to int, pieces []piece) error {
	defer func() {
		for i := from; i < to; i++ {
			if s := f.targets[i].segment; s != nil {
				s.release()
			}
		}
	}()
	staged, err := f.place(from, to)
	if err != nil {
		return err
	}
	if staged != nil {
		defer staged.release()
	}
	for c, field := range f.layout.fields {
		f.rewind()
		field.fill(f, c, from, to)
	}
	return f.finish(from, to, staged, pieces)
}

// place finds memory for every target. The returned segment holds those that
// are to go to disk, one after the other.
func (f *flush) place(from, to int) (*segment, error) {
	spilled := 0
	for i := from; i < to; i++ {
		t := &f.targets[i]
		if f.size(i) > MaxBlock {
			return nil, fmt.Errorf("a row of %d bytes; the most is %d", f.size(i), MaxBlock)
		}
		s, data, err := f.output.allocate(f.size(i))
		if err != nil {
			return nil, err
		}
		t.segment, t.data, t.inPlace = s, data, s != nil
		if s == nil {
			spilled += f.size(i)
		}
	}
	if spilled == 0 {
		return nil, nil
	}
	staged, err := f.output.store.arena.get(spilled, false)
	if err != nil {
		return nil, err
	}
	at := 0
	for i := from; i < to; i++ {
		if t := &f.targets[i]; !t.inPlace {
			t.data = staged.data[at : at+f.size(i)]
			at += f.size(i)
		}
	}
	return staged, nil
}

// finish completes the blocks and adds them to their pieces.
func (f *flush) finish(from, to int, staged *segment, pieces []piece) error {
	blocks := make([]block, 0, to-from)
	spilled := 0
	for i := from; i < to; i++ {
		t := &f.targets[i]
		f.layout.fillIn(t.data, t.rows, t.body, t.nodes, t.buffers)
		for _, e := range t.buffers {
			clear(t.data[len(f.layout.template)+e.at+e.length : len(f.layout.template)+e.at+pad(e.length)])
		}
		b := block{rows: t.rows, length: len(t.data), crc: checksum(t.data)}
		if t.inPlace {
			b.memory, b.data = t.segment, t.data
		} else {
			b.at = int64(spilled)
			spilled += b.length
		}
		blocks = append(blocks, b)
	}
	start := int64(0)
	if spilled > 0 {
		var err error
		if start, err = f.output.toDisk(staged.data[:spilled]); err != nil {
			return err
		}
		f.counters.Spilled.Add(int64(spilled))
	}
	for i, b := range blocks {
		if b.memory == nil {
			b.at += start
		}
		f.counters.Written.Add(int64(b.length))
		pieces[f.targets[from+i].partition].add(b)
	}
	return nil
}
