package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/files"
	"go.yaml.in/yaml/v3"
)

// recipe is what .goreleaser.yaml says of a package. The release reads the
// same lines.
type recipe struct {
	Name         string   `yaml:"package_name"`
	Formats      []string `yaml:"formats"`
	Section      string   `yaml:"section"`
	Maintainer   string   `yaml:"maintainer"`
	Description  string   `yaml:"description"`
	License      string   `yaml:"license"`
	Bindir       string   `yaml:"bindir"`
	Dependencies []string `yaml:"dependencies"`
	Recommends   []string `yaml:"recommends"`
	// Overrides are what a format has instead.
	Overrides map[string]struct {
		Dependencies []string `yaml:"dependencies"`
	} `yaml:"overrides"`
	Contents []content    `yaml:"contents"`
	Scripts  nfpm.Scripts `yaml:"scripts"` // all but preinstall
	// What the release alone has a use for.
	ID    string   `yaml:"id"`
	IDs   []string `yaml:"ids"`
	MTime string   `yaml:"mtime"`
	// FileName says that the files have the names that are usual.
	FileName string `yaml:"file_name_template"`
}

type content struct {
	Source      string `yaml:"src"`
	Destination string `yaml:"dst"`
	Type        string `yaml:"type"`
	Info        struct {
		Mode  os.FileMode `yaml:"mode"`
		MTime string      `yaml:"mtime"`
	} `yaml:"file_info"`
}

// readRecipe reads the one package that is made.
func readRecipe(root string) (r recipe, err error) {
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		return r, fmt.Errorf("reading what is in a package: %w", err)
	}
	var config struct {
		Packages []yaml.Node `yaml:"nfpms"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return r, fmt.Errorf("reading .goreleaser.yaml: %w", err)
	}
	if len(config.Packages) != 1 {
		return r, errors.New("reading .goreleaser.yaml: nfpms must have one package")
	}
	// A field that is not known here would be left out of the packages.
	again, err := yaml.Marshal(&config.Packages[0])
	if err != nil {
		return r, err
	}
	if err := decodeStrictly(again, &r); err != nil {
		return r, fmt.Errorf("reading nfpms of .goreleaser.yaml: %w", err)
	}
	return r, nil
}

// info is the package of a binary in a format. What the recipe names is found from
// the root.
func (r recipe) info(p packager, format string) *nfpm.Info {
	if instead, exists := r.Overrides[format]; exists {
		r.Dependencies = instead.Dependencies
	}
	for _, script := range []*string{&r.Scripts.PostInstall, &r.Scripts.PreRemove, &r.Scripts.PostRemove} {
		*script = filepath.Join(p.root, *script)
	}
	info := &nfpm.Info{
		Name: r.Name, Arch: p.arch, Platform: "linux", Version: p.version, MTime: p.date,
		Section: r.Section, Maintainer: r.Maintainer, Description: r.Description, License: r.License,
		Overridables: nfpm.Overridables{Depends: r.Dependencies, Recommends: r.Recommends, Scripts: r.Scripts},
	}
	for _, c := range r.Contents {
		if c.Source != "" {
			c.Source = filepath.Join(p.root, c.Source)
		}
		info.Contents = append(info.Contents, &files.Content{
			Source: c.Source, Destination: c.Destination, Type: c.Type,
			FileInfo: &files.ContentFileInfo{Mode: c.Info.Mode, MTime: p.date},
		})
	}
	info.Contents = append(info.Contents, &files.Content{
		Source: p.binary, Destination: r.Bindir + "/" + r.Name,
		FileInfo: &files.ContentFileInfo{Mode: 0o755, MTime: p.date},
	})
	if p.isPlain {
		info.Deb.Compression, info.RPM.Compression = "none", "zstd:fastest"
	}
	return nfpm.WithDefaults(info)
}
