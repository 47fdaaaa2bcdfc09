// Package compose holds the suite that brings the compose files of deploy/ up as
// they are shipped, and uses what is then there as the files say.
//
// It must not know more than the comments in those files.
package compose
