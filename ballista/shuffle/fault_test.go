package shuffle_test

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"kallad/ballista/shuffle"
)

// quick are a client's tunables with which a fault is noticed soon.
var quick = shuffle.ClientConfig{Silence: 5 * time.Second, Attempts: 4, Pause: time.Millisecond}

// manyRows is enough for many blocks: about 16 MB.
const manyRows = 1 << 20

// writeMany writes rows 0..manyRows, even ones to partition 0.
func writeMany(t testing.TB, s *shuffle.Store, key shuffle.Key) {
	t.Helper()
	w, err := s.Writer(key, numbers, 2)
	require.NoError(t, err)
	defer w.Abort()
	to := make([]int32, 1<<14)
	for i := range to {
		to[i] = int32(i % 2)
	}
	for at := 0; at < 2*manyRows; at += len(to) {
		b := numbersBatch(to, int64(at))
		require.NoError(t, w.Write(t.Context(), b))
		b.Release()
	}
	_, err = w.Commit(t.Context())
	require.NoError(t, err)
}

// readMany reads all of partition 0 and says whether it was right.
func readMany(ctx context.Context, t testing.TB, r shuffle.Reader, each func(rows int)) error {
	t.Helper()
	defer r.Close()
	next := int64(0)
	for {
		b, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			require.Equal(t, int64(2*manyRows), next, "a piece that ends too soon")
			return nil
		}
		if err != nil {
			return err
		}
		for _, v := range b.Column(0).(*array.Int64).Int64Values() {
			if v != next {
				require.Equal(t, next, v)
			}
			next += 2
		}
		b.Release()
		each(int(next / 2))
	}
}

func ignore(int) {}

// requireUnreachable says that a piece is lost, and whether its holder is.
func requireUnreachable(t testing.TB, err error, unreachable bool) {
	t.Helper()
	var lost *shuffle.LostError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, unreachable, lost.Unreachable, "%v", err)
}

// distant is a store whose pieces are read through a proxy.
type distant struct {
	store  *shuffle.Store
	proxy  *proxy
	local  *shuffle.Store
	client *shuffle.Client
}

func newDistant(t testing.TB, cfg shuffle.Config, client shuffle.ClientConfig, server shuffle.ServerConfig) distant {
	d := distant{store: newStore(t, cfg), local: newStore(t, shuffle.Config{})}
	d.proxy = newProxy(t, serve(t, d.store, server))
	d.client = newClient(t, client, d.local)
	return d
}

func (d distant) open(t testing.TB) (shuffle.Reader, error) {
	return d.client.Open(t.Context(), d.proxy.address(), "other", key)
}

func TestCutConnectionsGoOnWhereTheyBroke(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{0, -1} {
		d := newDistant(t, shuffle.Config{MemoryLimit: limit}, quick, shuffle.ServerConfig{})
		writeMany(t, d.store, key)
		cuts := 0
		r, err := d.open(t)
		require.NoError(t, err)
		require.NoError(t, readMany(t.Context(), t, r, func(rows int) {
			if rows > (cuts+1)*manyRows/6 && cuts < 5 {
				cuts++
				d.proxy.cut(false)
			}
		}))
		require.Equal(t, 5, cuts)
		require.Positive(t, d.local.Counters().Retries.Load())
		require.Zero(t, d.local.Counters().Lost.Load())
	}
}

func TestAPeerThatIsGoneIsLost(t *testing.T) {
	t.Parallel()
	d := newDistant(t, shuffle.Config{}, quick, shuffle.ServerConfig{})
	writeMany(t, d.store, key)
	r, err := d.open(t)
	require.NoError(t, err)
	err = readMany(t.Context(), t, r, func(rows int) { d.proxy.cut(true) })
	requireUnreachable(t, err, true)
	require.ErrorContains(t, err, "piece j~1~2~3~w~0 of executor other is lost: at 127.0.0.1:")
	_, err = r.Next(t.Context())
	requireLost(t, err)
	_, err = d.open(t)
	requireLost(t, err)
}

func TestAPeerThatIsSilentIsLost(t *testing.T) {
	t.Parallel()
	cfg := quick
	cfg.Silence = 2 * time.Second
	d := newDistant(t, shuffle.Config{}, cfg, shuffle.ServerConfig{})
	writeMany(t, d.store, key)
	r, err := d.open(t)
	require.NoError(t, err)
	stalled := false
	err = readMany(t.Context(), t, r, func(rows int) {
		if !stalled {
			stalled = true
			d.proxy.stall()
		}
	})
	requireUnreachable(t, err, true)
	require.ErrorContains(t, err, "it sends nothing for 2s")
	_, err = d.open(t)
	requireLost(t, err)
}

func TestAContextEndsASilentRead(t *testing.T) {
	t.Parallel()
	d := newDistant(t, shuffle.Config{}, shuffle.ClientConfig{}, shuffle.ServerConfig{})
	writeMany(t, d.store, key)
	r, err := d.open(t)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	stalled := false
	err = readMany(ctx, t, r, func(int) {
		if !stalled {
			stalled = true
			d.proxy.stall()
			time.AfterFunc(10*time.Millisecond, cancel)
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	var lost *shuffle.LostError
	require.False(t, errors.As(err, &lost))
}

// Nobody listens at first, as with a process that is being started again.
func TestConnectionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	d := newDistant(t, shuffle.Config{}, shuffle.ClientConfig{Attempts: 50, Pause: time.Millisecond}, shuffle.ServerConfig{})
	writeMany(t, d.store, key)
	d.proxy.refuse = true
	go func() {
		for d.proxy.accepted.Load() < 2 {
			time.Sleep(time.Millisecond)
		}
		d.proxy.cut(false)
	}()
	r, err := d.open(t)
	require.NoError(t, err)
	require.NoError(t, readMany(t.Context(), t, r, ignore))
}

// A peer sends only so much ahead of a reader that takes its time, whatever
// the size of the piece, and stops when the reader is gone.
func TestFlowControl(t *testing.T) {
	t.Parallel()
	d := newDistant(t, shuffle.Config{MemoryLimit: -1}, quick, shuffle.ServerConfig{MaxStreams: 1})
	writeMany(t, d.store, key)
	writeMany(t, d.store, shuffle.Key{Job: "j", Step: "other"})
	r, err := d.open(t)
	require.NoError(t, err)
	b, err := r.Next(t.Context())
	require.NoError(t, err)
	b.Release()
	last := int64(-1)
	require.Eventually(t, func() bool {
		now := d.store.Counters().Served.Load()
		same := now == last
		last = now
		return same
	}, 10*time.Second, 100*time.Millisecond)
	require.Less(t, last, int64(6<<20), "bytes sent ahead of the reader; the piece has %d", manyRows*8)
	require.NoError(t, r.Close())

	r, err = d.open(t) // there is room for one stream only
	require.NoError(t, err)
	require.NoError(t, readMany(t.Context(), t, r, ignore))
	require.NoError(t, d.store.RemoveJob("j"))
	requireEmpty(t, d.store)
}

// One more reader than there are streams waits for its turn.
func TestBusyPeersAreAskedAgain(t *testing.T) {
	t.Parallel()
	cfg := quick
	cfg.Attempts = 1
	d := newDistant(t, shuffle.Config{}, cfg, shuffle.ServerConfig{MaxStreams: 1})
	writeMany(t, d.store, key)
	first, err := d.open(t)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		second, err := d.open(t)
		if err == nil {
			err = readMany(t.Context(), t, second, ignore)
		}
		done <- err
	}()
	require.Eventually(t, func() bool { return d.local.Counters().Retries.Load() > 3 }, 5*time.Second, time.Millisecond)
	require.NoError(t, readMany(t.Context(), t, first, ignore))
	require.NoError(t, <-done)
}

func TestRemovedWhileSent(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{0, -1} {
		d := newDistant(t, shuffle.Config{MemoryLimit: limit}, quick, shuffle.ServerConfig{})
		writeMany(t, d.store, key)
		r, err := d.open(t)
		require.NoError(t, err)
		err = readMany(t.Context(), t, r, func(rows int) {
			require.NoError(t, d.store.RemoveJob("j"))
		})
		requireLost(t, err)
		requireEmpty(t, d.store)
	}
}

// Whatever byte of a connection is changed on its way: the rows are right, or
// the piece is lost.
func TestBytesChangedOnTheWire(t *testing.T) {
	t.Parallel()
	cfg := quick
	cfg.Silence = 250 * time.Millisecond
	store := newStore(t, shuffle.Config{})
	write(t, store, key, 20)
	address := serve(t, store, shuffle.ServerConfig{})
	local := newStore(t, shuffle.Config{})
	// read reads the piece with the byte at a place changed, and says how much
	// came over the wire.
	read := func(place int64) (length int64, err error) {
		p := newProxy(t, address)
		var sent atomic.Int64
		p.toClient = func(_, n int64, b []byte) bool {
			if place >= n && place < n+int64(len(b)) {
				b[place-n] ^= 0x55
			}
			sent.Store(n + int64(len(b)))
			return true
		}
		r, err := newClient(t, cfg, local).Open(t.Context(), p.address(), "other", key)
		if err != nil {
			return 0, err
		}
		got, err := drain(t.Context(), r)
		if err == nil {
			requireEven(t, got, 20)
		}
		release(got)
		return sent.Load(), errors.Join(err, r.Close())
	}
	length, err := read(-1)
	require.NoError(t, err)
	lost := 0
	for place := int64(0); place < length; place += 11 {
		if _, err := read(place); err != nil {
			requireLost(t, err)
			lost++
		}
	}
	require.Greater(t, lost, 20, "of a connection of %d bytes", length)
}

// requireEven says that batches are the even numbers from 0 on.
func requireEven(t testing.TB, got []arrow.RecordBatch, n int) {
	t.Helper()
	rows := rowsOf(got)
	require.Len(t, rows, n)
	for i, r := range rows {
		require.Equal(t, int64(2*i), r.batch.Column(0).(*array.Int64).Value(r.at))
	}
}

// liar is a Flight server that sends what it is told to.
type liar struct {
	flight.BaseFlightServer
	calls atomic.Int64
	send  func(call int64, stream flight.FlightService_DoGetServer) error
}

func (l *liar) DoGet(_ *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	return l.send(l.calls.Add(1), stream)
}

func lie(t testing.TB, send func(call int64, stream flight.FlightService_DoGetServer) error) (string, *liar) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	l := &liar{send: send}
	flight.RegisterFlightServiceServer(server, l)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		require.NoError(t, <-done)
	})
	return listener.Addr().String(), l
}

// messages are what a true server sends.
func messages(t testing.TB, limit int64) []*flight.FlightData {
	t.Helper()
	s := newStore(t, shuffle.Config{MemoryLimit: limit})
	writeMany(t, s, key)
	c, err := flight.NewClientWithMiddleware(serve(t, s, shuffle.ServerConfig{}), nil, nil, insecureOption)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	stream, err := c.DoGet(t.Context(), &flight.Ticket{Ticket: []byte(key.String())})
	require.NoError(t, err)
	var all []*flight.FlightData
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, m)
	}
}

// crcOf is the checksum of a message's header in its frame.
func crcOf(header []byte) []byte {
	framed := binary.LittleEndian.AppendUint32([]byte{0xff, 0xff, 0xff, 0xff}, uint32(len(header)))
	return binary.LittleEndian.AppendUint32(nil, crc32.Checksum(append(framed, header...), crc32.MakeTable(crc32.Castagnoli)))
}

func TestStreamsThatAreNotWhatWasWritten(t *testing.T) {
	t.Parallel()
	all := messages(t, 0)
	require.Greater(t, len(all), 5)
	last := len(all) - 1
	other := ipc.GetSchemaPayload(numbers, memory.DefaultAllocator)
	defer other.Release()
	header := other.Meta().Bytes()
	for name, sent := range map[string][]*flight.FlightData{
		"nothing":               {},
		"no end":                all[:last],
		"no schema":             all[1:],
		"an end only":           all[last:],
		"a block left out":      append(append([]*flight.FlightData{}, all[:2]...), all[3:]...),
		"a block twice":         append(append([]*flight.FlightData{}, all[:2]...), all[1:]...),
		"blocks in other order": append([]*flight.FlightData{all[0], all[2], all[1]}, all[3:]...),
		"a block of no bytes":   {all[0], {DataHeader: []byte{}, AppMetadata: []byte{1, 2, 3, 4}}, all[last]},
		"no checksum":           {all[0], {DataHeader: all[1].DataHeader, DataBody: all[1].DataBody, AppMetadata: []byte{1}}, all[last]},
		"another schema":        append([]*flight.FlightData{{DataHeader: header, AppMetadata: crcOf(header)}}, all[1:]...),
		"another's end":         append(append([]*flight.FlightData{}, all[:last]...), &flight.FlightData{AppMetadata: make([]byte, 20)}),
	} {
		address, _ := lie(t, func(_ int64, stream flight.FlightService_DoGetServer) error {
			for _, m := range sent {
				if err := stream.Send(m); err != nil {
					return err
				}
			}
			return nil
		})
		c := newClient(t, quick, newStore(t, shuffle.Config{}))
		r, err := c.Open(t.Context(), address, "other", key)
		if err == nil {
			var got []arrow.RecordBatch
			got, err = drain(t.Context(), r)
			release(got)
			require.NoError(t, r.Close())
		}
		require.Error(t, err, name)
		requireLost(t, err)
	}
}

func TestWhatIsWorthAskingAgain(t *testing.T) {
	t.Parallel()
	for code, calls := range map[codes.Code]int64{
		codes.Unavailable: 4, codes.NotFound: 1, codes.DataLoss: 1, codes.Internal: 1, codes.Unimplemented: 1, codes.ResourceExhausted: 1,
	} {
		address, server := lie(t, func(int64, flight.FlightService_DoGetServer) error { return status.Error(code, "no") })
		c := newClient(t, quick, newStore(t, shuffle.Config{}))
		_, err := c.Open(t.Context(), address, "other", key)
		requireUnreachable(t, err, code == codes.Unavailable)
		require.Equal(t, calls, server.calls.Load(), code)
	}
	for _, code := range []codes.Code{codes.Unauthenticated, codes.PermissionDenied} {
		address, server := lie(t, func(int64, flight.FlightService_DoGetServer) error { return status.Error(code, "no") })
		c := newClient(t, quick, newStore(t, shuffle.Config{}))
		_, err := c.Open(t.Context(), address, "other", key)
		var lost *shuffle.LostError
		require.False(t, errors.As(err, &lost), "making it again does not help: %v", err)
		require.ErrorContains(t, err, "executor other at "+address)
		require.Equal(t, int64(1), server.calls.Load())
	}
}

// Any Flight client can read a piece; no message is large unless a row is.
func TestPiecesArePlainFlight(t *testing.T) {
	t.Parallel()
	s := newStore(t, shuffle.Config{})
	writeMany(t, s, key)
	address := serve(t, s, shuffle.ServerConfig{})
	c, err := flight.NewClientWithMiddleware(address, nil, nil, insecureOption)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	stream, err := c.DoGet(t.Context(), &flight.Ticket{Ticket: []byte(key.String())})
	require.NoError(t, err)
	r, err := flight.NewRecordReader(stream)
	require.NoError(t, err)
	defer r.Release()
	var got []arrow.RecordBatch
	for range manyRows {
		b, err := r.Reader.Read()
		if err != nil {
			break // the end has no data, which Arrow's reader takes for an error
		}
		b.Retain()
		got = append(got, b)
	}
	requireEven(t, got, manyRows)
	release(got)
}
