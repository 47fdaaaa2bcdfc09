//go:build !unix

package contest

func settle() {}
