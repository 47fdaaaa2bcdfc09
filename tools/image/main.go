// Command image packs kallad's image without a Docker engine, for Bazel: image
// --dockerfile FILE --base FILE.tar --binary FILE --name NAME --out FILE.tar
//
// The base is a root file system. The rest is what the last stage of
// deploy/Dockerfile says, which is read for it, so that there is one place that
// says it; of instructions, it knows those of that file. What comes out is for
// `docker load`. The same inputs make the same bytes.
package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

type options struct {
	dockerfile, base, binary, name, out string
}

func main() {
	var o options
	flag.StringVar(&o.dockerfile, "dockerfile", "deploy/Dockerfile", "what the image is made by")
	flag.StringVar(&o.base, "base", "", "tar file of the root file system to start from")
	flag.StringVar(&o.binary, "binary", "", "the kallad to put in")
	flag.StringVar(&o.name, "name", "kallad", "the image's name; its tag is made of its content")
	flag.StringVar(&o.out, "out", "", "file to write, for docker load")
	flag.Parse()
	if err := pack(o); err != nil {
		fmt.Fprintf(os.Stderr, "image: %v\n", err)
		os.Exit(1)
	}
}

func pack(o options) error {
	text, err := os.ReadFile(o.dockerfile)
	if err != nil {
		return err
	}
	stage, err := lastStage(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", o.dockerfile, err)
	}
	base, err := tarball.LayerFromFile(o.base)
	if err != nil {
		return fmt.Errorf("read the base %s: %w", o.base, err)
	}
	files, err := layer(o.binary)
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, base, files)
	if err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config = "linux", stage.architecture, stage.config
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return err
	}
	id, err := image.ConfigName()
	if err != nil {
		return err
	}
	tag, err := name.NewTag(o.name + ":" + id.Hex[:16])
	if err != nil {
		return err
	}
	return tarball.WriteToFile(o.out, tag, image)
}

// owner is the user that the image runs as.
const owner = 65532

// layer holds what the last stage copies from the stage "binary".
func layer(binary string) (v1.Layer, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	var errs []error
	add := func(h *tar.Header, content []byte) {
		h.ModTime, h.Format, h.Size = time.Unix(0, 0), tar.FormatPAX, int64(len(content))
		errs = append(errs, w.WriteHeader(h))
		_, err := w.Write(content)
		errs = append(errs, err)
	}
	for _, folder := range []string{"usr/", "usr/local/", "usr/local/bin/"} {
		add(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755}, nil)
	}
	add(&tar.Header{Typeflag: tar.TypeReg, Name: "usr/local/bin/kallad", Mode: 0o755}, content)
	for _, folder := range []string{"var/lib/kallad/", "var/lib/kallad/staging/", "var/lib/kallad/temp/"} {
		add(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755, Uid: owner, Gid: owner}, nil)
	}
	if err := errors.Join(append(errs, w.Close())...); err != nil {
		return nil, fmt.Errorf("pack the binary: %w", err)
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil })
}
