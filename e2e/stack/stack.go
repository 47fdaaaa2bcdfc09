package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
)

// startTimeout bounds the start of one container on a busy machine.
const startTimeout = 2 * time.Minute

// Stack is a private network and the containers on it, all gone at the test's
// end. Its methods fail the test when they can't do what they say. They are safe
// for concurrent use.
type Stack struct {
	t       testing.TB
	cli     client.APIClient
	network *testcontainers.DockerNetwork

	mu         sync.Mutex
	containers []*Container
	volumes    []string
}

// New makes an empty stack for a test, or for all tests of a package.
func New(t testing.TB) *Stack {
	t.Helper()
	provider, err := engine()
	require.NoError(t, err)
	s := &Stack{t: t, cli: provider.Client()}
	s.network, err = network.New(t.Context(), network.WithLabels(map[string]string{ownerLabel: owner()}))
	require.NoError(t, err)
	t.Cleanup(s.close)
	return s
}

// Run starts a container that the others find by its name. The options come
// after the stack's own.
func (s *Stack) Run(name, imageName string, options ...testcontainers.ContainerCustomizer) *Container {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), startTimeout)
	defer cancel()
	options = append([]testcontainers.ContainerCustomizer{
		network.WithNetwork([]string{name}, s.network),
		testcontainers.WithLabels(map[string]string{ownerLabel: owner()}),
		testcontainers.WithLogger(quiet{}),
	}, options...)
	docker, err := testcontainers.Run(ctx, imageName, options...)
	c := &Container{stack: s, docker: docker, name: name}
	if docker != nil {
		s.mu.Lock()
		s.containers = append(s.containers, c)
		s.mu.Unlock()
	}
	require.NoError(s.t, err, "start %s", name)
	return c
}

// Volume makes an empty volume and returns its name. One of a limited size, in
// bytes, is in memory; 0 is one on the engine's disk.
func (s *Stack) Volume(limit int64) string {
	s.t.Helper()
	options := client.VolumeCreateOptions{Labels: map[string]string{ownerLabel: owner()}}
	if limit > 0 {
		options.DriverOpts = map[string]string{"type": "tmpfs", "device": "tmpfs", "o": fmt.Sprintf("size=%d,mode=1777", limit)}
	}
	made, err := s.cli.VolumeCreate(s.t.Context(), options)
	require.NoError(s.t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.volumes = append(s.volumes, made.Volume.Name)
	return made.Volume.Name
}

// Containers are all that were started, by name.
func (s *Stack) Containers() []*Container {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.containers)
}

// close removes everything, and what was started last first.
func (s *Stack) close() {
	if s.t.Failed() {
		s.keepLogs()
	}
	for _, c := range slices.Backward(s.Containers()) {
		if _, err := s.cli.ContainerRemove(context.Background(), c.docker.GetContainerID(), client.ContainerRemoveOptions{Force: true, RemoveVolumes: true}); ignoreMissing(err) != nil {
			s.t.Errorf("remove %s: %v", c.name, err)
		}
	}
	for _, name := range s.volumes {
		if _, err := s.cli.VolumeRemove(context.Background(), name, client.VolumeRemoveOptions{Force: true}); ignoreMissing(err) != nil {
			s.t.Errorf("remove volume %s: %v", name, err)
		}
	}
	if err := s.network.Remove(context.Background()); err != nil {
		s.t.Errorf("remove the network: %v", err)
	}
}

// environment merges settings, the later ones winning.
func environment(settings ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, s := range settings {
		maps.Copy(all, s)
	}
	return all
}

// quiet keeps testcontainers from narrating.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
