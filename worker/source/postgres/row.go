package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"

	"kallad/worker/recon"
)

// row decodes a row that lies in the buffer as a whole.
func (st *stream) row(body []byte) error {
	if len(body) < 2 || int(binary.BigEndian.Uint16(body)) != len(st.vectors) {
		return errors.New("the server sent a row of another form than announced")
	}
	body = body[2:]
	for i, v := range st.vectors {
		if len(body) < 4 {
			return wrongSize(body, 4)
		}
		size := int(int32(binary.BigEndian.Uint32(body)))
		body = body[4:]
		if size < 0 {
			v.appendNull()
			continue
		}
		if size > len(body) {
			return wrongSize(body, size)
		}
		if size > st.maxField {
			return st.tooLong(i, size)
		}
		if err := v.append(body[:size]); err != nil {
			return st.valueFault(i, err)
		}
		body = body[size:]
	}
	if len(body) != 0 {
		return wrongSize(body, 0)
	}
	return nil
}

// longRow decodes a row value by value, so that only the largest value has to
// fit into the buffer.
func (st *stream) longRow(length int) error {
	head, err := st.wire.take(2)
	if err != nil {
		return err
	}
	if int(binary.BigEndian.Uint16(head)) != len(st.vectors) {
		return errors.New("the server sent a row of another form than announced")
	}
	length -= 2
	for i, v := range st.vectors {
		head, err := st.wire.take(4)
		if err != nil {
			return err
		}
		size := int(int32(binary.BigEndian.Uint32(head)))
		length -= 4
		if size < 0 {
			v.appendNull()
			continue
		}
		if size > length {
			return wrongSize(nil, size)
		}
		if size > st.maxField {
			return st.tooLong(i, size)
		}
		value, err := st.wire.take(size)
		if err != nil {
			return err
		}
		if err := v.append(value); err != nil {
			return st.valueFault(i, err)
		}
		length -= size
	}
	if length != 0 {
		return wrongSize(nil, length)
	}
	return nil
}

func (st *stream) tooLong(i, size int) error {
	return recon.Input(fmt.Errorf("table %s, column %q: a value of %d bytes is longer than the %d that are read; leave the column out, or filter the row out",
		st.load.Label, st.columns[i].Name, size, st.maxField))
}

func (st *stream) valueFault(i int, err error) error {
	c := st.columns[i]
	hint := fmt.Sprintf("carry the column as text with types=%s:text in the address, or filter the row out", c.Name)
	if c.Type.Kind == kindText || c.Type.Kind == kindCast {
		hint = "mend the value, or leave the column out"
	}
	return recon.Input(fmt.Errorf("table %s, column %q (%s): %w; %s", st.load.Label, c.Name, c.Decl, err, hint))
}
