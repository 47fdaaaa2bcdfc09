package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"kallad/bench/dataset"
)

func newGenCommand(cache *string) *cobra.Command {
	spec := dataset.Spec{}
	cmd := &cobra.Command{
		Use:   "gen",
		Short: "Make a data set, if it is not there yet, and print where it is and what to expect of it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, err := dataset.Make(cmd.Context(), *cache, spec)
			if err != nil {
				return err
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(struct {
				Left     string         `json:"left"`
				Right    string         `json:"right"`
				Expected dataset.Counts `json:"expected"`
			}{filepath.Join(data.Dir, data.Left.Name), filepath.Join(data.Dir, data.Right.Name), data.Expected})
		},
	}
	flags := cmd.Flags()
	flags.StringVar((*string)(&spec.Format), "format", string(dataset.CSV), "format of the files")
	flags.Int64Var(&spec.LeftRows, "left", 5_000_000, "number of invoices")
	flags.Int64Var(&spec.RightRows, "right", 4_499_999, "number of payments")
	flags.StringVar((*string)(&spec.Pattern), "pattern", string(dataset.OneToOne), "how they belong together: one_to_one, split, batch, cross or skewed")
	flags.IntVar(&spec.Extra, "extra", 0, "further text columns of each side")
	flags.Uint64Var(&spec.Seed, "seed", 1, "which of all data sets of this size")
	return cmd
}

// genArgs are the arguments that make the data of a spec.
func genArgs(spec dataset.Spec) []string {
	return []string{
		"gen", "--format", string(spec.Format), "--left", fmt.Sprint(spec.LeftRows),
		"--right", fmt.Sprint(spec.RightRows), "--seed", fmt.Sprint(spec.Seed),
		"--pattern", string(spec.Pattern), "--extra", fmt.Sprint(spec.Extra),
	}
}
