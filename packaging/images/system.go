package main

import (
	"archive/zip"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// system is what a binary needs of an operating system.
func system() (tree, error) {
	t := tree{
		// For what is unpacked or sorted on disk; a container may mount over it.
		"tmp": {mode: 0o1777, isDir: true},
	}
	t.file("etc/passwd", 0o644, fmt.Appendf(nil, "root:x:0:0:root:/:/nonexistent\nnonroot:x:%d:%[1]d:nonroot:/nonexistent:/nonexistent\n", userID))
	t.file("etc/group", 0o644, fmt.Appendf(nil, "root:x:0:\nnonroot:x:%d:\n", userID))
	t.file("etc/ssl/certs/ca-certificates.crt", 0o644, certificates())
	return t, t.addTimeZones()
}

// certificates are the roots that browsers trust, as Go's module has them, so
// that go.sum says which they are. Those that are trusted on conditions are left
// out, because a file cannot say so.
func certificates() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return out.Bytes()
}

// addTimeZones adds the time zones of the Go release that builds the binary.
func (t tree) addTimeZones() error {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("looking for Go's time zones: %w", err)
	}
	zones, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(goroot)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		return fmt.Errorf("reading Go's time zones: %w", err)
	}
	defer zones.Close()
	for _, file := range zones.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		source, err := file.Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(source)
		if err != nil {
			return err
		}
		t.file("usr/share/zoneinfo/"+file.Name, 0o644, text)
	}
	return nil
}
