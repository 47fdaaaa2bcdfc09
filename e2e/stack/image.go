package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/moby/moby/client"
)

// image is one of the images that suites run. Its name comes from the
// environment, or is that of the image that e2e/images/build has made, if the
// engine has it, or the public one.
type image struct {
	variable, local, public string
}

var (
	postgresImage = image{"KALLAD_E2E_POSTGRES_IMAGE", "kallad-e2e/postgres:15", "postgres:15"}
	minioImage    = image{"KALLAD_E2E_MINIO_IMAGE", "kallad-e2e/minio:latest", "minio/minio:RELEASE.2025-09-07T16-13-09Z"}
	appImage      = image{"KALLAD_E2E_APP_IMAGE", "kallad-e2e/app:latest", ""}
	// clientImage has Node, Python, psql and curl, for the clients in e2e/client.
	// There is no public one: e2e/images/build makes it from Debian's packages.
	clientImage = image{"KALLAD_E2E_CLIENT_IMAGE", "kallad-e2e/client:latest", ""}
)

func (i image) name(ctx context.Context, engine client.APIClient) (string, error) {
	if name := os.Getenv(i.variable); name != "" {
		return name, nil
	}
	if _, err := engine.ImageInspect(ctx, i.local); err == nil {
		return i.local, nil
	}
	if i.public == "" {
		return "", fmt.Errorf("the Docker engine has no image %s; make it with: e2e/images/build", i.local)
	}
	return i.public, nil
}

// kalladImage is the image under test: $KALLAD_E2E_IMAGE, or that of the
// tarball $KALLAD_E2E_TARBALL, as Bazel builds it, or one built from this
// checkout now.
var kalladImage = sync.OnceValues(func() (string, error) {
	if name := os.Getenv("KALLAD_E2E_IMAGE"); name != "" {
		return name, nil
	}
	root, err := Checkout()
	if err != nil {
		return "", err
	}
	if path := os.Getenv("KALLAD_E2E_TARBALL"); path != "" {
		return load(under(root, path))
	}
	cmd := exec.Command(filepath.Join(root, "e2e", "images", "build"), "kallad")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build kallad's image: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
})

// under makes Bazel's paths, which are relative to the checkout's copy, whole.
func under(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// ComposeSettings are the variables that give the compose files of deploy/ the
// images of the suites.
func ComposeSettings(ctx context.Context) ([]string, error) {
	provider, err := engine()
	if err != nil {
		return nil, err
	}
	kallad, err := kalladImage()
	if err != nil {
		return nil, err
	}
	settings := []string{"KALLAD_IMAGE=" + kallad}
	for variable, image := range map[string]image{"APP_IMAGE": appImage, "POSTGRES_IMAGE": postgresImage, "MINIO_IMAGE": minioImage} {
		name, err := image.name(ctx, provider.Client())
		if err != nil {
			return nil, err
		}
		settings = append(settings, variable+"="+name)
	}
	return settings, nil
}

// productImages is the repository of the images under test that are made here;
// their tags are made of their content.
const productImages = "kallad-e2e/kallad"

// load gives the engine the image of a tarball, under a name of the suites' own,
// and returns that.
func load(path string) (name string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open kallad's image: %w", err)
	}
	defer func() { _ = file.Close() }()
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return "", err
	}
	defer func() { _ = engine.Close() }()
	known, err := engine.ImageList(context.Background(), client.ImageListOptions{})
	if err != nil {
		return "", err
	}
	result, err := engine.ImageLoad(context.Background(), file, client.ImageLoadWithQuiet(true))
	if err != nil {
		return "", fmt.Errorf("load kallad's image from %s: %w", path, err)
	}
	defer func() { _ = result.Close() }()
	said, err := io.ReadAll(result)
	if err != nil {
		return "", fmt.Errorf("load kallad's image from %s: %w", path, err)
	}
	for line := range bytes.Lines(said) {
		var message struct {
			Stream string `json:"stream"`
		}
		if json.Unmarshal(line, &message) == nil {
			if name, ok := strings.CutPrefix(strings.TrimSpace(message.Stream), "Loaded image: "); ok {
				return rename(engine, name, known)
			}
		}
	}
	return "", fmt.Errorf("load kallad's image from %s: the engine says %q", path, said)
}

// rename gives an image its name among productImages, and takes the one that it
// came with unless somebody had it loaded before.
func rename(engine client.APIClient, loaded string, known client.ImageListResult) (string, error) {
	_, tag, _ := strings.Cut(loaded, ":")
	name := productImages + ":" + tag
	if _, err := engine.ImageTag(context.Background(), client.ImageTagOptions{Source: loaded, Target: name}); err != nil {
		return "", fmt.Errorf("name kallad's image: %w", err)
	}
	for _, image := range known.Items {
		if slices.Contains(image.RepoTags, loaded) {
			return name, nil
		}
	}
	// It may be gone already: of several processes that load it, each does this.
	_, err := engine.ImageRemove(context.Background(), loaded, client.ImageRemoveOptions{})
	return name, ignoreMissing(err)
}

// Checkout is the root of the module that the test runs in, or of its copy in
// Bazel's runfiles.
func Checkout() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "e2e", "images")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("the working directory is not within kallad's checkout")
		}
		dir = parent
	}
}
