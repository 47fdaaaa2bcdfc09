package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// ownerLabel marks what a test process makes with its id, so that the next
// process can remove what a killed one has left behind. testcontainers' own
// remover is an image that not every machine can pull.
const ownerLabel = "kallad.e2e.pid"

// owner is this process's mark: the machine's start and the process.
func owner() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(boot)) + "/" + strconv.Itoa(os.Getpid())
}

// engine is the Docker engine, made ready once per process.
var engine = sync.OnceValues(func() (*testcontainers.DockerProvider, error) {
	if err := os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"); err != nil {
		return nil, err
	}
	// In a container, testcontainers takes the default gateway for the engine's
	// machine. An engine in the same container is found by its bridge.
	if _, err := net.InterfaceByName("docker0"); err == nil && os.Getenv("TESTCONTAINERS_HOST_OVERRIDE") == "" {
		if err := os.Setenv("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1"); err != nil {
			return nil, err
		}
	}
	provider, err := testcontainers.NewDockerProvider()
	if err != nil {
		return nil, fmt.Errorf("these tests need a Docker engine: %w", err)
	}
	if err := provider.Health(context.Background()); err != nil {
		return nil, fmt.Errorf("these tests need a Docker engine: %w", err)
	}
	return provider, sweep(context.Background(), provider.Client())
})

// sweep removes what test processes of this machine that are gone have left.
func sweep(ctx context.Context, cli client.APIClient) error {
	labelled := client.Filters{}.Add("label", ownerLabel)
	containers, err := cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: labelled})
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range containers.Items {
		if left(c.Labels[ownerLabel], time.Unix(c.Created, 0)) {
			_, err := cli.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			errs = append(errs, ignoreMissing(err))
		}
	}
	networks, err := cli.NetworkList(ctx, client.NetworkListOptions{Filters: labelled})
	if err != nil {
		return err
	}
	for _, n := range networks.Items {
		if left(n.Labels[ownerLabel], n.Created) {
			_, err := cli.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
			errs = append(errs, ignoreMissing(err))
		}
	}
	volumes, err := cli.VolumeList(ctx, client.VolumeListOptions{Filters: labelled})
	if err != nil {
		return err
	}
	for _, v := range volumes.Items {
		// A time that can't be read is the zero time, long ago.
		created, _ := time.Parse(time.RFC3339, v.CreatedAt)
		if left(v.Labels[ownerLabel], created) {
			_, err := cli.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{Force: true})
			errs = append(errs, ignoreMissing(err))
		}
	}
	return errors.Join(append(errs, sweepImages(ctx, cli, labelled))...)
}

// sweepImages removes the images that test processes have made: those with
// their mark, and those of the product that no suite has asked for in a while,
// as each build makes another. An image that a container still has stays.
func sweepImages(ctx context.Context, cli client.APIClient, labelled client.Filters) error {
	marked, err := cli.ImageList(ctx, client.ImageListOptions{Filters: labelled})
	if err != nil {
		return err
	}
	var errs []error
	for _, image := range marked.Items {
		if left(image.Labels[ownerLabel], time.Unix(image.Created, 0)) {
			_, err := cli.ImageRemove(ctx, image.ID, client.ImageRemoveOptions{Force: true})
			errs = append(errs, ignoreMissing(err))
		}
	}
	products, err := cli.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("reference", productImages)})
	if err != nil {
		return err
	}
	for _, image := range products.Items {
		about, err := cli.ImageInspect(ctx, image.ID)
		if err != nil || time.Since(about.Metadata.LastTagTime) < longestRun || about.Metadata.LastTagTime.IsZero() {
			continue
		}
		for _, name := range image.RepoTags {
			if strings.HasPrefix(name, productImages+":") {
				_, err := cli.ImageRemove(ctx, name, client.ImageRemoveOptions{PruneChildren: true})
				errs = append(errs, ignoreMissing(err))
			}
		}
	}
	return errors.Join(errs...)
}

// ignoreMissing forgives what another process has swept first, or uses.
func ignoreMissing(err error) error {
	if err != nil && (strings.Contains(strings.ToLower(err.Error()), "no such") || strings.Contains(err.Error(), "already in progress") || strings.Contains(err.Error(), "is using")) {
		return nil
	}
	return err
}

// longestRun is longer than any suite may take.
const longestRun = 2 * time.Hour

// left reports whether what bears a mark was left behind: its process does not
// run any more, and it is older than any suite can be. The age decides as well,
// because a process in another container or sandbox can't be seen from here.
func left(mark string, created time.Time) bool {
	return gone(mark) && time.Since(created) > longestRun
}

// gone reports whether the process of a mark does not run on this machine. A
// mark of another start of the machine is gone, too.
func gone(mark string) bool {
	boot, id, _ := strings.Cut(mark, "/")
	pid, err := strconv.Atoi(id)
	mine, _, _ := strings.Cut(owner(), "/")
	if err != nil || boot != mine {
		return true
	}
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
