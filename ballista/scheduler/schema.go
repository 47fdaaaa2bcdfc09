package scheduler

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// readSchema reads the schema message of an IPC stream.
func readSchema(message []byte) (*arrow.Schema, error) {
	r, err := ipc.NewReader(bytes.NewReader(message))
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	defer r.Release()
	return r.Schema(), nil
}
