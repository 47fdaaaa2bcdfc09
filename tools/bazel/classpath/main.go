// Command classpath makes the jars of an unpacked Bazel find each other.
//
// Debian's jars name the jars they need in their manifests, by absolute paths
// under /usr/share/java. Java would look for those on the system before it
// looks at the rest of the class path. So they are put on Bazel's class path,
// as files under the unpacked folder, and taken out of the manifests.
//
// Usage: classpath FOLDER
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: classpath FOLDER")
		os.Exit(2)
	}
	if err := Flatten(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "classpath:", err)
		os.Exit(1)
	}
}
