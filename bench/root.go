package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newRoot() *cobra.Command {
	f := &runFlags{}
	root := &cobra.Command{
		Use:   "bench [scenario ...]",
		Short: "Measure kallad beside its peers",
		Long: `Measures kallad beside its peers on data that is made once and kept. Without
the name of a scenario it measures all. The report goes to standard output and,
as Markdown, HTML and JSON, into the folder of results.`,
		Example: `  go run ./bench -- --list
  go run ./bench -- tiny csv-1to1
  bazel run //bench -- --runs 9 csv-1to1-5m
  go run ./bench -- compare bench/results/old.json bench/results/new.json`,
		Args:          cobra.ArbitraryArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.measure(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args)
		},
	}
	f.register(root)
	root.PersistentFlags().StringVar(&f.cache, "cache", defaultCache(), "folder for data that is made once and kept")
	root.AddCommand(newGenCommand(&f.cache), newPeerCommand(), newDigestCommand(), newDuckDBVersionCommand(), newCompareCommand())
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
