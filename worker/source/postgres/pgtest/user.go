package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// serverUser returns the ids to run postgres under when the tests run as root,
// which postgres refuses: those of the user postgres, else nobody. ok is false
// when the tests do not run as root.
func serverUser() (uid, gid int, ok bool) {
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(u.Uid)
		gid, errGID := strconv.Atoi(u.Gid)
		if errUID == nil && errGID == nil {
			return uid, gid, true
		}
	}
	return 65534, 65534, true
}

// own gives dir to the user that postgres runs as. In a sandbox that knows no
// other user than root, dir stays root's; unprivileged copes with that.
func own(dir string) error {
	uid, gid, ok := serverUser()
	if !ok {
		return nil
	}
	if err := os.Chown(dir, uid, gid); err != nil && !onlyRoot() {
		return fmt.Errorf("give folder %s to user %d: %w", dir, uid, err)
	}
	return nil
}

// unprivileged returns a command that runs in dir and not as root.
func unprivileged(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+dir)
	if uid, gid, ok := serverUser(); ok {
		if onlyRoot() {
			cmd.SysProcAttr = asAnyUser()
		} else {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		}
	}
	return cmd
}
