package stack

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"strings"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
)

// Previous is an image of kallad that is upgraded from: $KALLAD_E2E_PREVIOUS_IMAGE,
// or the one under test with another version stamped onto its binary, made now
// and gone at the test's end. It takes neither a compiler nor a registry.
func (s *Stack) Previous() string {
	s.t.Helper()
	if name := os.Getenv("KALLAD_E2E_PREVIOUS_IMAGE"); name != "" {
		return name
	}
	image, err := kalladImage()
	require.NoError(s.t, err)
	c := s.Run("previous", image, testcontainers.WithCmd("version"))
	require.Zero(s.t, c.Wait(startTimeout))
	said := c.Log() // kallad 1.2.3+0123456789ab (go1.26, linux/amd64)
	_, release, _ := strings.Cut(said, "kallad ")
	release = release[:strings.IndexAny(release+" ", "+ ")]
	require.NotEmpty(s.t, release, said)
	c.restamp("/usr/local/bin", "kallad", release, stampOver(release))
	made, err := s.cli.ContainerCommit(s.t.Context(), c.docker.GetContainerID(), client.ContainerCommitOptions{})
	require.NoError(s.t, err, "make the image that is upgraded from")
	s.t.Cleanup(func() {
		_, err := s.cli.ImageRemove(context.Background(), made.ID, client.ImageRemoveOptions{Force: true})
		require.NoError(s.t, err)
	})
	return made.ID
}

// stampOver is another version of the same length, as a binary has no room for
// a longer one.
func stampOver(release string) string {
	if release[0] == '9' {
		return "8" + release[1:]
	}
	return "9" + release[1:]
}

// restamp replaces a text in a file of the container.
func (c *Container) restamp(folder, name, from, to string) {
	c.stack.t.Helper()
	content := bytes.ReplaceAll(c.Read(folder+"/"+name), []byte(from), []byte(to))
	require.Contains(c.stack.t, string(content), to)
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	// It is as long as the file before: some engines see only by its time that
	// it is another, and images may have files of 1970.
	head := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(content)), ModTime: time.Now()}
	require.NoError(c.stack.t, w.WriteHeader(head))
	_, err := w.Write(content)
	require.NoError(c.stack.t, err)
	require.NoError(c.stack.t, w.Close())
	_, err = c.stack.cli.CopyToContainer(c.stack.t.Context(), c.docker.GetContainerID(), client.CopyToContainerOptions{DestinationPath: folder, Content: &packed})
	require.NoError(c.stack.t, err, "write %s of %s", name, c.name)
}

// Image has a container run another image than it otherwise would.
func Image(name string) testcontainers.ContainerCustomizer {
	return testcontainers.CustomizeRequestOption(func(req *testcontainers.GenericContainerRequest) error {
		req.Image = name
		return nil
	})
}
