package csv

import (
	"encoding/json"
	"fmt"

	"kallad/worker/source"
)

// payload is what a partition carries: all that a reader in another process
// has to know, so that no reader ever infers anything again.
type payload struct {
	Dialect  dialect   `json:"dialect"`
	Columns  []column  `json:"columns"`
	Segments []segment `json:"segments"`
}

func (p *payload) partition(index int, rows, bytes int64) (source.Partition, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return source.Partition{}, fmt.Errorf("write partition %d: %w", index, err)
	}
	return source.Partition{Index: index, Payload: raw, Rows: rows, Bytes: bytes}, nil
}

func parsePayload(p source.Partition) (*payload, error) {
	var out payload
	if err := json.Unmarshal(p.Payload, &out); err != nil {
		return nil, fmt.Errorf("read partition %d: %w", p.Index, err)
	}
	if len(out.Columns) == 0 && len(out.Segments) > 0 {
		return nil, fmt.Errorf("read partition %d: it has no columns", p.Index)
	}
	return &out, nil
}

// index returns where the named column is, -1 if nowhere.
func (p *payload) index(name string) int {
	for i, c := range p.Columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}
