package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kallad/bench/report"
)

func newCompareCommand() *cobra.Command {
	var factor float64
	cmd := &cobra.Command{
		Use:   "compare OLD.json NEW.json",
		Short: "Hold two reports against each other, and fail when something became slower or larger",
		Long: `Holds the figures of kallad in two reports against each other. A difference is
clear when the spreads of the two do not touch; a clear one beyond --worse makes
the command fail. Ratios to a peer in the same round say most where the machine
did other things besides.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var reports [2]report.Report
			for i, path := range args {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				if err := json.Unmarshal(text, &reports[i]); err != nil {
					return fmt.Errorf("read %s: %w", path, err)
				}
			}
			changes := report.Compare(reports[0], reports[1])
			if len(changes) == 0 {
				return fmt.Errorf("%s and %s have no scenario in common", args[0], args[1])
			}
			if err := report.WriteChanges(cmd.OutOrStdout(), changes); err != nil {
				return err
			}
			if worse := report.Worse(changes, factor); len(worse) > 0 {
				return fmt.Errorf("%d figures became worse by more than %.2f, the most %s of %s in %s: %.2f", len(worse), factor,
					worse[0].Figure, worse[0].Contestant, worse[0].Scenario, worse[0].Factor())
			}
			return nil
		},
	}
	cmd.Flags().Float64Var(&factor, "worse", 1.1, "how many times the old figure is a failure")
	return cmd
}
