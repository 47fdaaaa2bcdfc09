package shuffle

import (
	"errors"
	"fmt"
)

// Config are the tunables of a Store.
type Config struct {
	// Dir is where the store makes a folder for what does not fit in memory.
	// Several stores, of several processes, may share it. It is made if it is
	// missing. No default.
	Dir string
	// MemoryLimit bounds what is kept in memory. It comes on top of what each
	// writer and reader uses while it works. Unit: bytes. Default: 256 MiB;
	// negative: none.
	MemoryLimit int64
	// DiskLimit bounds what is kept on disk. Unit: bytes. Default: as much as
	// there is; negative: none.
	DiskLimit int64
	// WriteBuffer is how much a writer collects before it scatters: more makes
	// larger blocks when there are many partitions. Unit: bytes. Default: 8 MiB.
	WriteBuffer int64
}

const (
	defaultMemory      = 256 << 20
	defaultWriteBuffer = 8 << 20
	minWriteBuffer     = 64 << 10
)

// Validate reports everything that cannot be.
func (c Config) Validate() error {
	var errs []error
	if c.Dir == "" {
		errs = append(errs, errors.New("shuffle: no folder"))
	}
	if c.WriteBuffer != 0 && c.WriteBuffer < minWriteBuffer {
		errs = append(errs, fmt.Errorf("shuffle: write buffer of %d bytes: want at least %d", c.WriteBuffer, minWriteBuffer))
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	if c.MemoryLimit == 0 {
		c.MemoryLimit = defaultMemory
	}
	if c.WriteBuffer == 0 {
		c.WriteBuffer = defaultWriteBuffer
	}
	return c
}
