package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// settings are the flags and variables of some commands, or of all.
func settings(commands ...string) (flags, variables map[string]bool) {
	flags, variables = map[string]bool{}, map[string]bool{}
	for _, cmd := range newRoot(streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}).Commands() {
		if len(commands) > 0 && !slices.Contains(commands, cmd.Name()) {
			continue
		}
		each := func(f *pflag.Flag) {
			flags["--"+f.Name] = true
			for _, v := range f.Annotations[envAnnotation] {
				variables[v] = true
			}
		}
		cmd.Flags().VisitAll(each)
		inherited(cmd, each)
	}
	return flags, variables
}

func inherited(cmd *cobra.Command, each func(*pflag.Flag)) { cmd.InheritedFlags().VisitAll(each) }

var (
	flagName     = regexp.MustCompile(`--[a-z][a-z0-9-]+`)
	variableName = regexp.MustCompile("`[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+`")
	familyName   = regexp.MustCompile(`(?m)^# TYPE (kalla_[a-z0-9_]+) `)
	kallaName    = regexp.MustCompile(`kalla_[a-z0-9_]*[a-z0-9]`)
)

const operatingPage = "../docs/operating.md"

// The operating guide names every setting of both daemons, and none that there
// is not.
func TestOperatingGuideNamesEverySetting(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(operatingPage)
	require.NoError(t, err)
	page := string(text)
	flags, variables := settings("scheduler", "executor")
	named := flagName.FindAllString(page, -1)
	for flag := range flags {
		assert.True(t, slices.Contains(named, flag), "%s is not in the guide", flag)
	}
	for variable := range variables {
		assert.True(t, strings.Contains(page, "`"+variable+"`"), "%s is not in the guide", variable)
	}
	all, allVariables := settings()
	for _, flag := range named {
		assert.True(t, all[flag], "%s is in the guide, and no setting", flag)
	}
	for _, variable := range variableName.FindAllString(page, -1) {
		assert.True(t, allVariables[strings.Trim(variable, "`")] || others[strings.Trim(variable, "`")], "%s is in the guide, and no setting", variable)
	}
}

// others are variables that kallad does not read itself: those of the AWS SDK,
// and of the programs beside it in deploy/.
var others = map[string]bool{
	"AWS_ACCESS_KEY_ID": true, "AWS_SECRET_ACCESS_KEY": true,
	"DATABASE_URL": true, "WORKER_URL": true, "PUBLIC_URL": true, "OUTPUT_PREFIX": true,
	"POSTGRES_USER": true, "POSTGRES_PASSWORD": true, "POSTGRES_DB": true, "MINIO_ROOT_USER": true, "MINIO_ROOT_PASSWORD": true,
}

// The operating guide names every metric that both daemons show when they have
// worked, and none that there is not.
func TestOperatingGuideNamesEveryMetric(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(operatingPage)
	require.NoError(t, err)
	named := kallaName.FindAllString(string(text), -1)
	dir := folder(t, joinOnReference)
	s, c := startScheduler(t, dir, "--grpc-port", "0"), listen(t)
	// The executor's own port is free when nobody else has taken it meanwhile.
	metrics := freePort(t)
	executor := command(t, dir, "executor", "--scheduler-url", schedulerAddress(t, s), "--bind-host", "127.0.0.1",
		"--flight-port", "0", "--grpc-port", "0", "--metrics-port", metrics, "--memory-limit", "600MB", "--slots", "1")
	logs := &lines{}
	executor.Stderr = logs
	require.NoError(t, executor.Start())
	t.Cleanup(func() {
		_ = executor.Process.Kill()
		_ = executor.Wait()
	})
	logs.await(t, "msg=connected")
	require.Equal(t, 202, s.post(t, calling(c, "good", joinOnReference)))
	s.awaitState(t, "good", "succeeded")
	require.Equal(t, 202, s.post(t, calling(c, "bad", "SELECT no_such_column FROM left_src")))
	s.awaitState(t, "bad", "failed")
	c.final(t)
	_, executors := get(t, "http://127.0.0.1:"+metrics+"/metrics")
	var shown []string
	for _, exposition := range []string{metricsOnceTold(t, s), executors} {
		for _, family := range familyName.FindAllStringSubmatch(exposition, -1) {
			shown = append(shown, family[1])
		}
	}
	require.Greater(t, len(shown), 40)
	for _, family := range shown {
		assert.True(t, slices.Contains(named, family), "%s is not in the guide", family)
	}
	for _, name := range named {
		assert.True(t, slices.Contains(shown, name), "%s is in the guide, and no metric", name)
	}
}

var executorAddress = regexp.MustCompile(`msg="listening for executors" address=(\S+)`)

func schedulerAddress(t *testing.T, s *scheduler) string {
	t.Helper()
	return executorAddress.FindStringSubmatch(s.logs.await(t, "listening for executors"))[1]
}

var deployedName = regexp.MustCompile(`(?m)^\s+(?:- \{?name: |#? ?)?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?::|,|=|$)`)

// What deploy/ sets is a setting: of a variable that is misspelt nobody hears.
func TestDeployedVariablesAreSettings(t *testing.T) {
	t.Parallel()
	_, variables := settings("scheduler", "executor")
	found := 0
	require.NoError(t, filepath.WalkDir("../deploy", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" && filepath.Ext(path) != ".yml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range deployedName.FindAllStringSubmatch(string(text), -1) {
			found++
			assert.True(t, variables[match[1]] || others[match[1]], "%s: %s is no setting", path, match[1])
		}
		return nil
	}))
	require.Greater(t, found, 30)
}
