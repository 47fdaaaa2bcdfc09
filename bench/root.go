package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "bench",
		Short:         "Measure kallad beside its peers",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cache := root.PersistentFlags().String("cache", defaultCache(), "folder for data that is made once and kept")
	root.AddCommand(newGenCommand(cache))
	return root
}

// defaultCache is below the user's cache folder, or the system's temporary one
// when there is no such folder.
func defaultCache() string {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return filepath.Join(os.TempDir(), "kallad", "bench")
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "kallad", "bench")
}
