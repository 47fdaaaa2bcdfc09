package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// unsynchronised is STA_UNSYNC of adjtimex(2).
const unsynchronised = 0x40

// checkClock asks the kernel whether somebody keeps its clock right.
func checkClock() finding {
	const check = "clock"
	now := time.Now().UTC().Format("2006-01-02 15:04:05")
	var clock unix.Timex
	if _, err := unix.Adjtimex(&clock); err != nil {
		return doubtful(check, "see whether it is right: S3 and signed callbacks refuse what is minutes off", "%s UTC; the kernel does not say whether it is kept right: %v", now, err)
	}
	if clock.Status&unsynchronised != 0 {
		return doubtful(check, "let chrony or systemd-timesyncd keep it right, here or on the machine that this one runs on: S3 and signed callbacks refuse what is minutes off",
			"%s UTC, and nobody tells the kernel that it is right", now)
	}
	return fine(check, "%s UTC, kept right", now)
}
