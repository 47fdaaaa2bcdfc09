package csv

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const (
	encodingUTF8    = "utf-8"
	encodingUTF16   = "utf-16"
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
)

// charmaps are the encodings of one byte a character. In all of them the
// bytes below 0x80 are ASCII, so text is divided before it is decoded.
var charmaps = map[string]*charmap.Charmap{
	"iso-8859-1":   charmap.ISO8859_1,
	"iso-8859-2":   charmap.ISO8859_2,
	"iso-8859-15":  charmap.ISO8859_15,
	"windows-1250": charmap.Windows1250,
	"windows-1251": charmap.Windows1251,
	"windows-1252": charmap.Windows1252,
	"ibm437":       charmap.CodePage437,
	"ibm850":       charmap.CodePage850,
}

var encodingAliases = map[string]string{
	"utf8": encodingUTF8, "utf16": encodingUTF16, "utf16le": encodingUTF16LE, "utf16be": encodingUTF16BE,
	"latin1": "iso-8859-1", "latin-1": "iso-8859-1", "iso8859-1": "iso-8859-1",
	"latin2": "iso-8859-2", "latin9": "iso-8859-15",
	"cp1250": "windows-1250", "cp1251": "windows-1251", "cp1252": "windows-1252",
	"cp437": "ibm437", "cp850": "ibm850",
}

// canonicalEncoding returns the name that partitions carry.
func canonicalEncoding(v string) (string, bool) {
	name := strings.ToLower(strings.TrimSpace(v))
	if alias, ok := encodingAliases[name]; ok {
		name = alias
	}
	_, single := charmaps[name]
	return name, single || name == encodingUTF8 || isUTF16(name)
}

func knownEncodings() string {
	names := []string{encodingUTF8, encodingUTF16, encodingUTF16LE, encodingUTF16BE}
	for name := range charmaps {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

func isUTF16(name string) bool {
	return name == encodingUTF16 || name == encodingUTF16LE || name == encodingUTF16BE
}

// errNoCharacter marks bytes that the encoding has no character for.
var errNoCharacter = errors.New("no character of the encoding")

// decodeBytes appends text in a one-byte encoding to dst as UTF-8.
func decodeBytes(dst, text []byte, m *charmap.Charmap) ([]byte, error) {
	for _, b := range text {
		if b < utf8.RuneSelf {
			dst = append(dst, b)
			continue
		}
		r := m.DecodeByte(b)
		if r == utf8.RuneError {
			return dst, errNoCharacter
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, nil
}

// encodeBytes is the way back, for texts that are compared with raw fields.
func encodeBytes(s string, m *charmap.Charmap) ([]byte, bool) {
	var out []byte
	for _, r := range s {
		b, ok := m.EncodeRune(r)
		if !ok {
			return nil, false
		}
		out = append(out, b)
	}
	return out, true
}

// utf16Reader turns UTF-16 into UTF-8 without a BOM. A unit that is no
// character is an error, never a replacement character.
type utf16Reader struct {
	in      *bufio.Reader
	big     bool
	offset  int64 // bytes read of in
	pending []byte
	err     error
}

// newUTF16Reader reads text in the named encoding; for utf-16 the BOM says
// which, and little endian is meant without one.
func newUTF16Reader(r io.Reader, encoding string) *utf16Reader {
	u := &utf16Reader{in: bufio.NewReaderSize(r, 64<<10), big: encoding == encodingUTF16BE}
	if bom, err := u.in.Peek(2); err == nil {
		le, be := bom[0] == 0xFF && bom[1] == 0xFE, bom[0] == 0xFE && bom[1] == 0xFF
		if (le && encoding != encodingUTF16BE) || (be && encoding != encodingUTF16LE) {
			u.big = be
			_, _ = u.in.Discard(2)
			u.offset = 2
		}
	}
	return u
}

func (u *utf16Reader) unit() (rune, error) {
	var b [2]byte
	n, err := io.ReadFull(u.in, b[:])
	u.offset += int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, fmt.Errorf("byte %d: the file ends inside a UTF-16 character: %w", u.offset-1, errNoCharacter)
	}
	if err != nil {
		return 0, err
	}
	if u.big {
		return rune(b[0])<<8 | rune(b[1]), nil
	}
	return rune(b[1])<<8 | rune(b[0]), nil
}

func (u *utf16Reader) character() (rune, error) {
	r, err := u.unit()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	at := u.offset - 2
	low, err := u.unit()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
		return full, nil
	}
	return 0, fmt.Errorf("byte %d: half a UTF-16 surrogate pair: %w", at, errNoCharacter)
}

// Read implements io.Reader.
func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.pending) < len(p) && u.err == nil {
		var r rune
		if r, u.err = u.character(); u.err == nil {
			u.pending = utf8.AppendRune(u.pending, r)
		}
	}
	n := copy(p, u.pending)
	u.pending = append(u.pending[:0], u.pending[n:]...)
	if n == 0 {
		return 0, u.err
	}
	return n, nil
}
