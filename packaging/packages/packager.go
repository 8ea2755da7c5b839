package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/goreleaser/nfpm/v2"
	"go.yaml.in/yaml/v3"

	_ "github.com/goreleaser/nfpm/v2/deb" // the formats that .goreleaser.yaml names
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packager makes packages of a binary.
type packager struct {
	root, binary, out string
	arch, version     string
	date              time.Time
	// isPlain saves the time that compression takes.
	isPlain bool
}

// all makes the packages of all formats and returns their paths.
func (p packager) all() (made []string, err error) {
	r, err := readRecipe(p.root)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.out, 0o755); err != nil {
		return nil, err
	}
	for _, format := range r.Formats {
		path, err := p.one(r, format)
		if err != nil {
			return made, fmt.Errorf("making the %s: %w", format, err)
		}
		made = append(made, path)
	}
	return made, nil
}

func (p packager) one(r recipe, format string) (path string, err error) {
	maker, err := nfpm.Get(format)
	if err != nil {
		return "", err
	}
	info := r.info(p, format)
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return "", err
	}
	var text bytes.Buffer
	if err := maker.Package(info, &text); err != nil {
		return "", err
	}
	path = filepath.Join(p.out, maker.ConventionalFileName(info))
	return path, os.WriteFile(path, text.Bytes(), 0o644)
}

// decodeStrictly reads YAML and refuses fields that are not known.
func decodeStrictly(text []byte, to any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	return decoder.Decode(to)
}
