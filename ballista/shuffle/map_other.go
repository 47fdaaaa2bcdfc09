//go:build unix && !linux

package shuffle

func adviseMemory([]byte) {}
