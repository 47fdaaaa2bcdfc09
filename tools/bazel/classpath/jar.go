package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

const manifestName = "META-INF/MANIFEST.MF"

// classPathHeader matches the header with its continuation lines, which start
// with a blank (JAR File Specification, "Manifest Specification").
var classPathHeader = regexp.MustCompile(`(?m)^Class-Path:.*\r?\n(?: .*\r?\n)*`)

// takeClassPath removes the Class-Path header from a jar's manifest and
// returns its entries as absolute paths.
func takeClassPath(path string) ([]string, error) {
	jar, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = jar.Close() }()
	manifest, err := readManifest(&jar.Reader)
	if err != nil {
		return nil, err
	}
	header := classPathHeader.FindString(manifest)
	if header == "" {
		return nil, nil
	}
	if err := replaceManifest(path, &jar.Reader, strings.Replace(manifest, header, "", 1)); err != nil {
		return nil, fmt.Errorf("rewrite manifest: %w", err)
	}
	unfolded := strings.NewReplacer("\r\n ", "", "\n ", "").Replace(header)
	var entries []string
	for _, e := range strings.Fields(strings.TrimPrefix(unfolded, "Class-Path:")) {
		entries = append(entries, absolute(e))
	}
	return entries, nil
}

// readManifest returns the text of a jar's manifest, empty when it has none.
func readManifest(jar *zip.Reader) (string, error) {
	for _, f := range jar.File {
		if f.Name != manifestName {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return "", err
		}
		defer func() { _ = r.Close() }()
		text, err := io.ReadAll(r)
		return string(text), err
	}
	return "", nil
}

// replaceManifest writes the jar anew under the same path, its other entries
// copied as they are.
func replaceManifest(path string, jar *zip.Reader, manifest string) (err error) {
	tmp, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tmp.Close()) }()
	out := zip.NewWriter(tmp)
	for _, f := range jar.File {
		if f.Name != manifestName {
			if err := out.Copy(f); err != nil {
				return err
			}
			continue
		}
		w, err := out.Create(manifestName)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, manifest); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
