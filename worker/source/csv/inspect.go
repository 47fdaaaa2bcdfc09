package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// layout is what was found out about a data set.
type layout struct {
	dialect     dialect
	columns     []column
	files       []file
	description source.Description
	rowBytes    float64 // of text, on average; 0 when there is no row
}

// estimate returns about how many rows and bytes segments have.
func (l *layout) estimate(segs []segment) (rows, size int64) {
	for _, s := range segs {
		end := s.End
		if end < 0 {
			if s.File.Compression != compressionNone {
				return -1, -1
			}
			end = s.File.Size
			if isUTF16(s.File.Encoding) {
				end /= 2
			}
		}
		size += end - s.Start
	}
	if l.rowBytes == 0 {
		return 0, size
	}
	return int64(float64(size)/l.rowBytes + 0.5), size
}

// sample is a piece of a file's text that begins with a record.
type sample struct {
	text  []byte
	whole bool // the file ends with the text
}

// probe is one file while it is looked at.
type probe struct {
	file  file
	obj   blob.Object // open only while the head is read
	head  sample      // of the text, from its beginning
	first []span      // the first record's fields, in head
	data  int         // where the records begin in head
}

// resolve returns the files that the address names: one, those of a glob, or
// the CSV files below a folder.
func (s *Source) resolve(ctx context.Context) ([]blob.Info, error) {
	infos, err := s.store.List(ctx, s.address)
	if err != nil {
		return nil, readError(s.address, err)
	}
	if !strings.HasSuffix(s.address, "/") {
		return infos, nil
	}
	if infos = onlyCSV(infos); len(infos) == 0 {
		return nil, recon.Input(fmt.Errorf("read %s: no CSV files there", recon.RedactURL(s.address)))
	}
	return infos, nil
}

// onlyCSV picks the CSV files of a folder.
func onlyCSV(infos []blob.Info) []blob.Info {
	var out []blob.Info
	for _, i := range infos {
		if source.Format(recon.URI(i.URI+"?")) == "csv" {
			out = append(out, i)
		}
	}
	return out
}

// inspect looks at the files and works out the layout.
func (s *Source) inspect(ctx context.Context) (*layout, error) {
	infos, err := s.resolve(ctx)
	if err != nil {
		return nil, err
	}
	in := &inspection{Source: s, total: totalSize(infos)}
	size := s.cfg.WholeBytes
	if in.total > size {
		size = max(size/int64(len(infos)+1), min(size, leastSample))
	}
	for group := range slices.Chunk(infos, probesAtOnce) {
		probes, err := s.probes(ctx, group, size)
		if err != nil {
			return nil, err
		}
		for _, p := range probes {
			if err := in.add(ctx, p, size); err != nil {
				return nil, err
			}
		}
	}
	return in.layout()
}

// probesAtOnce is how many files are opened at a time to be looked at.
const probesAtOnce = 16

// probes opens files and reads their beginnings.
func (s *Source) probes(ctx context.Context, infos []blob.Info, size int64) ([]*probe, error) {
	probes := make([]*probe, len(infos))
	group, ctx := errgroup.WithContext(ctx)
	for i, info := range infos {
		group.Go(func() (err error) {
			probes[i], err = s.probe(ctx, info, size)
			return err
		})
	}
	return probes, group.Wait()
}

func totalSize(infos []blob.Info) (total int64) {
	for _, i := range infos {
		total += i.Size
	}
	return total
}

// probe opens a file and reads the beginning of its text, at most size bytes.
func (s *Source) probe(ctx context.Context, info blob.Info, size int64) (p *probe, err error) {
	obj, err := s.store.OpenVersion(ctx, info.URI, info.Version)
	if err != nil {
		return nil, readError(info.URI, err)
	}
	defer func() { err = errors.Join(err, obj.Close()) }()
	p = &probe{obj: obj, file: file{URI: info.URI, Version: info.Version, Size: info.Size}}
	if err := s.encoding(ctx, p); err != nil {
		return nil, readError(info.URI, err)
	}
	if p.head, err = readSample(ctx, obj, &p.file, 0, size); err != nil {
		return nil, readError(info.URI, err)
	}
	if p.file.Encoding == encodingUTF8 && bytes.HasPrefix(p.head.text, utf8BOM) {
		p.data = len(utf8BOM)
	}
	p.file.Newline = findNewline(p.head.text[p.data:], s.opts)
	return p, nil
}

// encoding finds out the file's compression and encoding.
func (s *Source) encoding(ctx context.Context, p *probe) error {
	p.file.Compression, p.file.Encoding = s.opts.compression, s.opts.encoding
	first := make([]byte, min(4, p.file.Size))
	if _, err := p.obj.ReadAt(ctx, first, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if p.file.Compression == "" {
		p.file.Compression = compressionOf(first)
	}
	if p.file.Encoding != "" {
		return nil
	}
	p.file.Encoding = encodingUTF8
	if p.file.Compression != compressionNone {
		text, err := readSample(ctx, p.obj, &p.file, 0, 2)
		if err != nil {
			return err
		}
		first = text.text
	}
	if bytes.HasPrefix(first, []byte{0xff, 0xfe}) || bytes.HasPrefix(first, []byte{0xfe, 0xff}) {
		p.file.Encoding = encodingUTF16
	}
	return nil
}

// readSample reads at most size bytes of text from a text offset.
func readSample(ctx context.Context, obj blob.Object, f *file, start, size int64) (sample, error) {
	end := int64(-1)
	if !f.streamed() {
		end = min(start+size+1, f.Size)
	}
	text, err := openText(ctx, obj, f, start, end)
	if err != nil {
		return sample{}, err
	}
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(text, size+1))
	err = errors.Join(err, text.Close())
	whole := n <= size
	return sample{text: buf.Bytes()[:min(n, size)], whole: whole}, err
}
