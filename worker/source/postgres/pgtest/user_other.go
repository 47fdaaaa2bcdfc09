//go:build !linux

package pgtest

import "syscall"

// onlyRoot is a question of Linux namespaces.
func onlyRoot() bool { return false }

func asAnyUser() *syscall.SysProcAttr { return nil }
