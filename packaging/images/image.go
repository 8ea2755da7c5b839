package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// image is what an image is made of.
type image struct {
	root, binary      string
	arch              string
	version, revision string
	date              time.Time
}

// product is how a binary is run.
type product struct {
	title string
	// command is what follows the binary, unless somebody says otherwise.
	command []string
	// state is a directory that the process writes to, on a volume.
	state string
	port  string
	// licences is an SPDX expression: docs/licences.md.
	licences string
}

var products = map[string]product{
	"benthos-segment": {
		title:   "Sends customer events to Segment",
		command: []string{"run", "/etc/benthos-segment/pipeline.yaml"},
		state:   "var/lib/benthos-segment",
		port:    "4195/tcp",

		licences: "Apache-2.0 AND LicenseRef-RCL AND LicenseRef-BSL",
	},
	"segment-sandbox": {
		title:   "A local stand-in of Segment's Tracking API, with a page to watch",
		command: []string{"--listen", "0.0.0.0:8765", "--allow-remote"},
		state:   "var/lib/segment-sandbox",
		port:    "8765/tcp",

		licences: "Apache-2.0",
	},
}

// save writes the image as a file for docker load, and returns its path.
func (i image) save(dir string) (path string, err error) {
	binary := filepath.Base(i.binary)
	img, err := i.build(binary)
	if err != nil {
		return "", err
	}
	tag, err := name.NewTag(binary+":"+i.version, name.WithDefaultRegistry(""))
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, fmt.Sprintf("%s_%s_linux_%s.image.tar", binary, i.version, i.arch))
	return path, tarball.WriteToFile(path, tag, img)
}

func (i image) build(binary string) (v1.Image, error) {
	made, isKnown := products[binary]
	if !isKnown {
		return nil, errors.New("the binary must be called benthos-segment or segment-sandbox")
	}
	if err := canRun(i.binary, i.arch); err != nil {
		return nil, err
	}
	below, err := system()
	if err != nil {
		return nil, err
	}
	own := tree{made.state: {mode: 0o700, isDir: true, isUsers: true}}
	for from, to := range map[string]struct {
		path string
		mode int64
	}{
		i.binary:                         {"usr/bin/" + binary, 0o755},
		filepath.Join(i.root, "LICENSE"): {"usr/share/doc/" + binary + "/LICENSE", 0o644},
		filepath.Join(i.root, "NOTICE"):  {"usr/share/doc/" + binary + "/NOTICE", 0o644},
	} {
		text, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		own.file(to.path, to.mode, text)
	}
	img, err := mutate.ConfigFile(empty.Image, i.config(binary, made))
	if err != nil {
		return nil, err
	}
	for _, t := range []tree{below, own} {
		layer, err := t.layer(i.date)
		if err != nil {
			return nil, err
		}
		if img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: i.date.UTC()}}}); err != nil {
			return nil, err
		}
	}
	return img, nil
}

func (i image) config(binary string, made product) *v1.ConfigFile {
	state := "/" + made.state
	return &v1.ConfigFile{
		Architecture: i.arch,
		OS:           "linux",
		RootFS:       v1.RootFS{Type: "layers"},
		Created:      v1.Time{Time: i.date.UTC()},
		Config: v1.Config{
			User:         fmt.Sprintf("%d:%[1]d", userID),
			Env:          []string{"PATH=/usr/bin"},
			Entrypoint:   []string{"/usr/bin/" + binary},
			Cmd:          made.command,
			WorkingDir:   state,
			Volumes:      map[string]struct{}{state: {}},
			ExposedPorts: map[string]struct{}{made.port: {}},
			StopSignal:   "SIGTERM",
			Healthcheck: &v1.HealthConfig{
				Test:     []string{"CMD", "/usr/bin/" + binary, "health"},
				Interval: 10 * time.Second, Timeout: 5 * time.Second, StartPeriod: 10 * time.Second, Retries: 3,
			},
			Labels: map[string]string{
				"org.opencontainers.image.title":       binary,
				"org.opencontainers.image.description": made.title,
				"org.opencontainers.image.version":     i.version,
				"org.opencontainers.image.revision":    i.revision,
				"org.opencontainers.image.created":     i.date.UTC().Format(time.RFC3339),
				"org.opencontainers.image.licenses":    made.licences,
			},
		},
	}
}

// machines are the processors that images are made for, as ELF names them.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// canRun refuses a binary that needs a loader, which the image does not have: its
// start would fail with a file that is not found. One for another processor than the
// image says would fail with a format.
func canRun(path, arch string) error {
	binary, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("reading %s as a binary for Linux: %w", path, err)
	}
	defer binary.Close()
	if binary.Machine != machines[arch] {
		return fmt.Errorf("%s is built for %s, and the image for %s: -arch says what it is built for", path, binary.Machine, arch)
	}
	for _, part := range binary.Progs {
		if part.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is linked with the C library, and the image has none: build it with CGO_ENABLED=0", path)
		}
	}
	return nil
}
