package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// diskVariable names, for a kallad process of a test, a folder and the size of
// the disk that it is to be.
const diskVariable = "KALLAD_TEST_DISK"

// prepareProcess has a process tell what it does, and makes a folder a disk of
// its own, which only this process sees.
func prepareProcess() {
	tellGoroutines()
	folder, size, ok := strings.Cut(os.Getenv(diskVariable), "=")
	if !ok {
		return
	}
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err = errors.Join(err, syscall.Mount("tmpfs", folder, "tmpfs", 0, "size="+size)); err != nil {
		fmt.Fprintln(os.Stderr, "mount a small disk:", err)
		os.Exit(99)
	}
}

// smallDisk gives a process a folder on a disk of that size. On a machine that
// lets nobody mount anything it reports false.
func smallDisk(t *testing.T, cmd *exec.Cmd, folder, size string) bool {
	t.Helper()
	own := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	user := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	for _, attr := range []*syscall.SysProcAttr{own, user} {
		probe := command(t, cmd.Dir, "version")
		probe.Env = append(probe.Env, diskVariable+"="+folder+"="+size)
		probe.SysProcAttr = attr
		if err := probe.Run(); err == nil {
			cmd.Env, cmd.SysProcAttr = append(cmd.Env, diskVariable+"="+folder+"="+size), attr
			return true
		}
	}
	return false
}
