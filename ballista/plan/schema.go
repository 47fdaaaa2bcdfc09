package plan

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// Schema is an Arrow schema that travels: as JSON it is the schema message of
// Arrow's IPC format, in base64. The zero value has no schema.
type Schema struct {
	*arrow.Schema
}

// MarshalJSON implements json.Marshaler.
func (s Schema) MarshalJSON() ([]byte, error) {
	if s.Schema == nil {
		return []byte("null"), nil
	}
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(s.Schema))
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return json.Marshal(buf.Bytes())
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Schema) UnmarshalJSON(b []byte) error {
	var message []byte
	if err := json.Unmarshal(b, &message); err != nil || message == nil {
		s.Schema = nil
		return err
	}
	r, err := ipc.NewReader(bytes.NewReader(message))
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	defer r.Release()
	s.Schema = r.Schema()
	return nil
}
