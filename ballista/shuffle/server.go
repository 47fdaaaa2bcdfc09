package shuffle

import (
	"context"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// ServerConfig are the tunables of a Server.
type ServerConfig struct {
	// MaxStreams is how many pieces are sent at once; who asks for more is told
	// to come again. Unit: streams. Default: 256.
	MaxStreams int
}

const defaultStreams = 256

// Server sends a store's pieces over Arrow Flight: a DoGet whose ticket is a
// key's string form, or that, resumeMark and the number of the block to begin
// with. Register it by flight.RegisterFlightServiceServer on a grpc.Server that
// was made with ServerOptions.
//
// A piece is sent as its schema and its blocks, each with the checksum of its
// encapsulated form as the message's app_metadata, and a last message without
// data whose app_metadata says what the piece has in all. It is read as it is sent: a block of a piece on
// disk at a time.
type Server struct {
	flight.BaseFlightServer
	store   *Store
	streams chan struct{}
}

// resumeMark is no part of any key.
const resumeMark = "#"

// busy tells a client to come again.
const busy = codes.Aborted

// NewServer returns a server of a store.
func NewServer(store *Store, cfg ServerConfig) *Server {
	if cfg.MaxStreams == 0 {
		cfg.MaxStreams = defaultStreams
	}
	return &Server{store: store, streams: make(chan struct{}, cfg.MaxStreams)}
}

// ServerOptions are for a grpc.Server with a Server. Without them it works, but
// copies more, and does not notice readers that are gone without a word.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(newCodec()),
		grpc.WriteBufferSize(wireBuffer),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
	}
}

// wireBuffer is how much is handed to the system at once. Unit: bytes.
const wireBuffer = 128 << 10

// DoGet implements flight.FlightServer.
func (s *Server) DoGet(ticket *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return status.Errorf(busy, "%d pieces are being sent already", cap(s.streams))
	}
	key, from, err := parseTicket(string(ticket.GetTicket()))
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	output, piece, err := s.store.find(key)
	if err != nil {
		return status.Errorf(codes.NotFound, "piece %s: %v", key, err)
	}
	if from > len(piece.blocks) {
		return status.Errorf(codes.InvalidArgument, "block %d of %d", from, len(piece.blocks))
	}
	if err := s.send(stream.Context(), output, piece, from, stream); err != nil {
		return err
	}
	return stream.Send(&flight.FlightData{AppMetadata: trailer{len(piece.blocks), piece.rows, piece.sum}.encode()})
}

func (s *Server) send(ctx context.Context, o *output, p piece, from int, stream flight.FlightService_DoGetServer) error {
	schema := &flight.FlightData{DataHeader: o.layout.head[frameHead:], AppMetadata: binary.LittleEndian.AppendUint32(nil, checksum(o.layout.head))}
	if err := stream.Send(schema); err != nil {
		return err
	}
	for _, b := range p.blocks[from:] {
		if err := ctx.Err(); err != nil {
			return status.FromContextError(err).Err()
		}
		if err := s.sendBlock(o, b, stream); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) sendBlock(o *output, b block, stream flight.FlightService_DoGetServer) error {
	segment, data, err := o.hold(b)
	if err != nil {
		return status.Error(lossCode(err), err.Error())
	}
	defer segment.release()
	body := len(o.layout.template)
	message := &outgoing{segment: segment, FlightData: &flight.FlightData{
		DataHeader: data[frameHead:body:body], DataBody: data[body:],
		AppMetadata: binary.LittleEndian.AppendUint32(nil, b.crc),
	}}
	if err := stream.SendMsg(message); err != nil {
		return err
	}
	s.store.counters.Served.Add(int64(b.length))
	return nil
}

func lossCode(err error) codes.Code {
	if errors.Is(err, ErrRemoved) {
		return codes.NotFound
	}
	return codes.DataLoss
}

func parseTicket(s string) (Key, int, error) {
	name, from, resumed := strings.Cut(s, resumeMark)
	key, err := ParseKey(name)
	if err != nil || !resumed {
		return key, 0, err
	}
	n, err := strconv.ParseUint(from, 10, 31)
	return key, int(n), err
}

// trailer ends a piece on the wire, so that a stream that broke off is never
// taken for one that ended.
type trailer struct {
	blocks int
	rows   int64
	sum    uint32
}

const trailerSize = 20

func (t trailer) encode() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, trailerSize), uint64(t.blocks))
	b = binary.LittleEndian.AppendUint64(b, uint64(t.rows))
	return binary.LittleEndian.AppendUint32(b, t.sum)
}

func (t trailer) matches(b []byte) bool { return string(b) == string(t.encode()) }
