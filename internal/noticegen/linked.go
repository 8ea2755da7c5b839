package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// product is what is linked, and systems are those that it is linked for:
// some modules are for one of them only.
const product = "benthos-segment/cmd/..."

var systems = []string{"linux", "darwin", "windows"}

// goItself stands for the runtime and the standard library, which are no
// module.
const goItself = "Go"

// linkedPackage is what go list says of a package of the binary.
type linkedPackage struct {
	ImportPath, Dir string
	GoFiles         []string
	Module          *struct {
		Path, Dir, Version string
		Main               bool
	}
}

// linkedPackages lists the packages for a system of the binary that has these
// build tags.
func linkedPackages(ctx context.Context, tags, system string) (list []linkedPackage, err error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-pgo=off", "-tags", tags, "-deps", "-json=ImportPath,Dir,GoFiles,Module", product)
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing what is linked: %w\n%s", err, complaint.String())
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p linkedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading what is linked: %w", err)
		}
		list = append(list, p)
	}
}

// module is a module that is linked, with what its folder says of licences.
type module struct {
	path, version string
	// licences name them, one for each text; notices are the further files that
	// have to be handed on.
	licences []string
	texts    []string
	notices  []string
}

// binary is what one build links: its modules, by their path, and the files of
// Connect that are not under the licence of the rest.
type binary struct {
	modules  []module
	excepted []exceptedFile
}

// linkedBinary lists what the binary with these build tags links, on any system.
func linkedBinary(ctx context.Context, tags string) (b binary, err error) {
	folders, versions := map[string]string{}, map[string]string{}
	files := map[string]exceptedFile{}
	for _, system := range systems {
		packages, err := linkedPackages(ctx, tags, system)
		if err != nil {
			return b, err
		}
		for _, p := range packages {
			switch {
			case p.ImportPath == "runtime":
				folders[goItself] = filepath.Join(p.Dir, "..", "..")
			case p.Module != nil && !p.Module.Main:
				folders[p.Module.Path], versions[p.Module.Path] = p.Module.Dir, p.Module.Version
			}
		}
		if err := exceptedFiles(packages, files); err != nil {
			return b, err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(folders)) {
		m, err := readModule(path, folders[path])
		if err != nil {
			return b, err
		}
		m.version = versions[path]
		b.modules = append(b.modules, m)
	}
	b.excepted = slices.SortedFunc(maps.Values(files), func(a, b exceptedFile) int {
		return cmp.Or(strings.Compare(a.pkg, b.pkg), strings.Compare(a.name, b.name))
	})
	return b, nil
}

// readModule reads the licences and notices of a module.
func readModule(path, folder string) (m module, err error) {
	m.path = path
	licences, err := licencesIn(folder, path)
	if err != nil {
		return m, err
	}
	if m.texts, err = readTexts(licences); err != nil {
		return m, err
	}
	for _, text := range m.texts {
		m.licences = append(m.licences, nameLicence(text))
	}
	notices, err := filesIn(folder, noticeFile)
	if err != nil {
		return m, err
	}
	m.notices, err = readTexts(notices)
	return m, err
}

func readTexts(files []string) (texts []string, err error) {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a licence: %w", err)
		}
		texts = append(texts, tidy(string(text)))
	}
	return texts, nil
}

// tidy is a text without the white space that differs from copy to copy.
func tidy(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\f")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
