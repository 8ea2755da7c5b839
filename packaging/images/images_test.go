package main

import (
	"bytes"
	"crypto/x509"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var static = flag.String("static", "", "a static benthos-segment, whose image is started in place of that of make static")

const date = "2026-03-14T09:26:53+01:00"

// sandboxBinary builds the sandbox as the release does.
func sandboxBinary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "segment-sandbox")
	build := exec.CommandContext(t.Context(), "go", "-C", "../..", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "./cmd/segment-sandbox")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	return path
}

func imageOf(t *testing.T, binary string) (path string) {
	t.Helper()
	out := t.TempDir()
	var said bytes.Buffer
	require.NoError(t, run([]string{"-root", "../..", "-binary", binary, "-out", out, "-version", "v1.2.3", "-revision", "abc", "-date", date}, &said))
	made, err := filepath.Glob(filepath.Join(out, "*"))
	require.NoError(t, err)
	require.Len(t, made, 1)
	assert.Equal(t, made[0]+"\n", said.String())
	return made[0]
}

// readur/readur#149: a health check called curl, which the image did not have.
func TestTheImageOfTheSandboxRuns(t *testing.T) {
	needNamespaces(t)
	path := imageOf(t, sandboxBinary(t))
	assert.Equal(t, "segment-sandbox_1.2.3_linux_"+runtime.GOARCH+".image.tar", filepath.Base(path))
	c := unpack(t, path).start(t)
	c.awaitHealth(t)
	assert.Equal(t, "65532", c.uid(t))
	assert.Equal(t, "Apache-2.0", c.config.Labels["org.opencontainers.image.licenses"])
	assert.Contains(t, c.said.String(), "The sandbox listens on")
	for _, file := range []string{"usr/share/doc/segment-sandbox/NOTICE", "usr/share/doc/segment-sandbox/LICENSE"} {
		assert.FileExists(t, filepath.Join(c.root, file))
	}
	// It has no shell, and nothing else that somebody could run.
	programs, err := os.ReadDir(filepath.Join(c.root, "usr/bin"))
	require.NoError(t, err)
	assert.Len(t, programs, 1)
}

// staticBinary is the whole one, static as a release has it: the one of make static,
// which make test calls where this test can run.
func staticBinary(t *testing.T) string {
	t.Helper()
	if *static != "" {
		return *static
	}
	const built = "../../bin/static/benthos-segment"
	if _, err := os.Stat(built); err != nil {
		require.Empty(t, os.Getenv("CI"), "make static builds %s", built)
		t.Skip("there is no bin/static/benthos-segment: make static builds it")
	}
	return built
}

func TestTheImageOfThePipelineRuns(t *testing.T) {
	needNamespaces(t)
	u := unpack(t, imageOf(t, staticBinary(t)))
	folder := filepath.Join(u.root, "etc/benthos-segment")
	require.NoError(t, os.Mkdir(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "pipeline.yaml"), []byte(`
input:
  generate:
    interval: 100ms
    mapping: root = now().ts_tz("Europe/Paris").ts_format("-07:00 MST")
output:
  file:
    path: seen.txt
    codec: lines
`), 0o644))
	c := u.start(t)
	c.awaitHealth(t)
	assert.Equal(t, "65532", c.uid(t))
	var seen string
	require.Eventually(t, func() bool {
		text, _ := exec.Command("nsenter", "--target", strconv.Itoa(c.process.Process.Pid), "--mount", "cat", filepath.Join(c.root, "var/lib/benthos-segment/seen.txt")).Output()
		seen = string(text)
		return seen != ""
	}, time.Minute, 20*time.Millisecond, "%s", &c.said)
	assert.Regexp(t, `^\+0[12]:00 CES?T\n`, seen)
}

func TestTheSameInputsGiveTheSameImage(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "segment-sandbox")
	require.NoError(t, os.WriteFile(binary, smallELF(t), 0o700))
	first, err := os.ReadFile(imageOf(t, binary))
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(binary, time.Now(), time.Now().Add(time.Hour)))
	second, err := os.ReadFile(imageOf(t, binary))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(first, second))
}

// The label and the packages say of the default binary what docs/licences.md does.
func TestTheLicencesOfThePipelineAreNamed(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "benthos-segment")
	require.NoError(t, os.WriteFile(binary, smallELF(t), 0o700))
	img, err := tarball.ImageFromPath(imageOf(t, binary), nil)
	require.NoError(t, err)
	file, err := img.ConfigFile()
	require.NoError(t, err)
	// siderolabs/talos#12547: engines refuse an image that does not say so.
	assert.Equal(t, "layers", file.RootFS.Type)
	named := file.Config.Labels["org.opencontainers.image.licenses"]
	page, err := os.ReadFile("../../docs/licences.md")
	require.NoError(t, err)
	standard, _, _ := strings.Cut(string(page), "### Licences that ask")
	for _, found := range regexp.MustCompile(`(?m)^\| .* \| (BSL|RCL) \| `).FindAllStringSubmatch(standard, -1) {
		assert.Contains(t, named, "LicenseRef-"+found[1])
	}
	release, err := os.ReadFile("../../.goreleaser.yaml")
	require.NoError(t, err)
	assert.Contains(t, string(release), "license: "+named+"\n")
}

// smallELF is any static binary.
func smallELF(t *testing.T) []byte {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o600))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, "main"), filepath.Join(folder, "main.go"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	binary, err := os.ReadFile(filepath.Join(folder, "main"))
	require.NoError(t, err)
	return binary
}

func TestTheCertificatesOfTheImageAreRead(t *testing.T) {
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certificates()))
	assert.Greater(t, bytes.Count(certificates(), []byte("BEGIN CERTIFICATE")), 80)
	below, err := system()
	require.NoError(t, err)
	zone, err := time.LoadLocationFromTZData("Europe/Paris", below["usr/share/zoneinfo/Europe/Paris"].text)
	require.NoError(t, err)
	assert.Equal(t, "CEST", func() string { name, _ := time.Date(2026, 7, 1, 0, 0, 0, 0, zone).Zone(); return name }())
}

// In an image from scratch, the start of a binary with a loader fails with an
// error that names a file which is there.
func TestABinaryThatCannotRunThereIsRefused(t *testing.T) {
	text := filepath.Join(t.TempDir(), "segment-sandbox")
	require.NoError(t, os.WriteFile(text, []byte("#!/bin/sh\n"), 0o700))
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"with a loader":   {[]string{"-binary", "/bin/sh"}, "the binary must be called"},
		"no binary":       {[]string{"-binary", text}, "as a binary for Linux"},
		"none":            {nil, "images needs -binary"},
		"no date":         {[]string{"-binary", text, "-date", "today"}, "reading -date"},
		"one that is not": {[]string{"-binary", text, "more"}, "takes flags only"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"-root", "../..", "-out", t.TempDir(), "-date", date}, test.args...)
			assert.ErrorContains(t, run(args, &bytes.Buffer{}), test.want)
		})
	}
	shell, err := filepath.EvalSymlinks("/bin/sh")
	require.NoError(t, err)
	assert.ErrorContains(t, canRun(shell, runtime.GOARCH), "build it with CGO_ENABLED=0")
	small := filepath.Join(t.TempDir(), "segment-sandbox")
	require.NoError(t, os.WriteFile(small, smallELF(t), 0o700))
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	err = run([]string{"-root", "../..", "-binary", small, "-arch", other, "-out", t.TempDir(), "-date", date}, &bytes.Buffer{})
	assert.ErrorContains(t, err, "and the image for "+other)
}
