package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kallad/bench/peer"
	"kallad/bench/race"
)

// newPeerCommand runs a peer as the process that bench measures.
func newPeerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    race.PeerCommand + " JOB.json",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			var job peer.Job
			if err := json.Unmarshal(text, &job); err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			counts, err := job.Run(cmd.Context())
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(counts)
		},
	}
}

func newDigestCommand() *cobra.Command {
	return &cobra.Command{
		Use:    race.DigestCommand + " DIR",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			evidence, err := peer.Digest(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(evidence)
		},
	}
}

const duckDBVersionCommand = "duckdb-version"

func newDuckDBVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:    duckDBVersionCommand,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			version, err := peer.Version(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), version)
			return err
		},
	}
}
