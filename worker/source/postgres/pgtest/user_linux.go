package pgtest

import (
	"os"
	"strings"
	"syscall"
)

// onlyRoot reports whether this process lives in a user namespace, such as a
// build sandbox, in which root is the only user.
func onlyRoot() bool {
	m, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	f := strings.Fields(string(m))
	return len(f) == 3 && f[2] == "1"
}

// asAnyUser runs a command in a user namespace of its own, in which this user
// bears an ordinary user's id.
func asAnyUser() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: 0, Size: 1}},
	}
}
