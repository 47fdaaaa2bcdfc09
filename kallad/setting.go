package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// env names the environment variable that a flag can come from.
func env(flags *pflag.FlagSet, flag, variable string) {
	f := flags.Lookup(flag)
	f.Usage += " [$" + variable + "]"
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[envAnnotation] = append(f.Annotations[envAnnotation], variable)
}

const envAnnotation = "kallad_env"

// readEnv gives every flag that was not set on the command line the value of
// its environment variable, if that is set and not empty. It reports all
// variables that hold a wrong value.
func readEnv(cmd *cobra.Command) error {
	var problems []error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			return
		}
		for _, variable := range f.Annotations[envAnnotation] {
			value := os.Getenv(variable)
			if value == "" {
				continue
			}
			if err := cmd.Flags().Set(f.Name, value); err != nil {
				problems = append(problems, fmt.Errorf("environment variable %s: invalid value %q: %w", variable, value, errors.Unwrap(err)))
			}
			return
		}
	})
	return errors.Join(problems...)
}
