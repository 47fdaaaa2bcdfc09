package main

import (
	"github.com/spf13/cobra"
)

func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "kallad",
		Short: "Reconcile two data sets by a SQL query and keep the evidence",
		Long: `kallad matches two data sets (Postgres tables, CSV or Parquet files) by a SQL
query and leaves Parquet files as evidence: what matched, what is left over on
the left, what is left over on the right.

Exit codes: 0 done, 1 done but rows are unmatched and --fail-on-unmatched was
given, 2 error, 130 interrupted.

A flag wins over its environment variable, which wins over the default.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.AddCommand(
		newRunCommand(std), newSchedulerCommand(std), newExecutorCommand(std),
		newInspectCommand(), newDoctorCommand(std), newExplainCommand(std), newHealthCommand(), newVersionCommand(), newCellCommand(),
	)
	return root
}
