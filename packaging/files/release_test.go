package files

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/semver"
)

// The chart of a release is of its version, and so are the images that it runs.
func TestTheChartOfAReleaseHasItsVersion(t *testing.T) {
	if _, err := os.Stat(filepath.Join(repository, ".git")); err != nil {
		require.Empty(t, os.Getenv("CI"), "CI has a clone")
		t.Skip("this is no clone, and has no date")
	}
	var made [2][]byte
	for n := range made {
		out := t.TempDir()
		said, err := exec.CommandContext(t.Context(), filepath.Join(repository, "packaging/chart"), "v1.2.3", out).CombinedOutput()
		require.NoError(t, err, string(said))
		chart := filepath.Join(out, "benthos-segment-1.2.3.tgz")
		made[n], err = os.ReadFile(chart)
		require.NoError(t, err)

		files := unpacked(t, chart)
		assert.Contains(t, files["benthos-segment/Chart.yaml"], "\nversion: \"1.2.3\"\nappVersion: \"1.2.3\"\n")
		for _, name := range []string{"values.yaml", "templates/deployment.yaml", "files/gateway.yaml", "LICENSE", "README.md"} {
			assert.NotEmpty(t, files["benthos-segment/"+name], name)
		}
		assert.Contains(t, files["benthos-segment/README.md"], "helm install segment benthos-segment-1.2.3.tgz --set")
		isReadAlone(t, files["benthos-segment/README.md"])
		files = unpacked(t, filepath.Join(out, "benthos-segment-manifests-1.2.3.tgz"))
		assert.Contains(t, files["benthos-segment-manifests/README.md"], "kubectl apply -f kafka.yaml")
		for _, name := range []string{"kafka.yaml", "front_door.yaml"} {
			assert.Contains(t, files["benthos-segment-manifests/"+name], `image: "benthos-segment:1.2.3"`, name)
		}
	}
	assert.True(t, bytes.Equal(made[0], made[1]), "the same files give the same bytes")
}

// isReadAlone says that a page leads to no file beside it, nor into the repository.
func isReadAlone(t *testing.T, page string) {
	t.Helper()
	assert.NotRegexp(t, `\]\([^):#][^):]*\)`, page, "a link to a file")
	assert.NotRegexp(t, `(?m)^ .*(packaging|docs|bin)/`, page, "a path in a command")
	assert.Regexp(t, `\]\((#|https:)`, page, "other links stay")
}

// The archive of the sandbox has its page alone.
func TestThePageOfTheSandboxIsReadAlone(t *testing.T) {
	page, err := exec.CommandContext(t.Context(), filepath.Join(repository, "packaging/alone"), filepath.Join(repository, "docs/sandbox.md")).Output()
	require.NoError(t, err)
	isReadAlone(t, string(page))
	assert.NotContains(t, string(page), "![")
	assert.Contains(t, string(page), "# The sandbox\n")
}

// A commit may be of digits alone and begin with 0, which no number in a version
// does: npm and Helm refuse it.
func TestEverySnapshotHasAVersion(t *testing.T) {
	recipe, err := os.ReadFile(filepath.Join(repository, ".goreleaser.yaml"))
	require.NoError(t, err)
	template := regexp.MustCompile(`(?m)^ *version_template: "(.*)"$`).FindSubmatch(recipe)
	require.Len(t, template, 2)
	for _, commit := range []string{"0012345", "1234567", "894eb17"} {
		version := strings.NewReplacer("{{ incpatch .Version }}", "v0.0.1", "{{ .ShortCommit }}", commit).Replace(string(template[1]))
		assert.True(t, semver.IsValid(version), version)
	}
}

// What runs on Linux alone is built for it, on macOS too.
func TestImagesAndPackagesAreBuiltForLinux(t *testing.T) {
	recipe, err := exec.CommandContext(t.Context(), "make", "-C", repository, "-n", "images", "packages").CombinedOutput()
	require.NoError(t, err, string(recipe))
	count := 0
	for line := range strings.Lines(string(recipe)) {
		if strings.Contains(line, "go build") {
			count++
			assert.Contains(t, line, "CGO_ENABLED=0 GOOS=linux go build", line)
		}
	}
	assert.GreaterOrEqual(t, count, 2)
}

// unpacked are the files of an archive, by name.
func unpacked(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	files := make(map[string]string)
	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		if err == io.EOF {
			return files
		}
		require.NoError(t, err)
		text, err := io.ReadAll(reader)
		require.NoError(t, err)
		files[header.Name] = string(text)
	}
}

// The sandbox alone, as packaging/start meets it: it says its version, and where
// it listens.
const (
	works  = "#!/bin/sh\ncase \"$2\" in version) echo Version: v1.2.3 ;; --listen) echo 'The sandbox listens on http://127.0.0.1:1. Open it.'; exec sleep 60 ;; esac\n"
	mute   = "#!/bin/sh\ncase \"$2\" in version) echo Version: v1.2.3 ;; --listen) echo address in use; exit 1 ;; esac\n"
	fails  = "#!/bin/sh\necho exec format error >&2\nexit 1\n"
	tooOld = "#!/bin/sh\necho 'fatal error: bcryptprimitives.dll not found' >&2\nexit 1\n"
)

// Binaries for other systems are started where qemu or wine can, and those that
// are not are named. nicocha30/ligolo-ng#158: a binary of Go ended at once on
// Windows 7, and does with wine 8, because both have no bcryptprimitives.dll.
func TestForeignBinariesAreStarted(t *testing.T) {
	for name, test := range map[string]struct {
		qemu, wine string
		want       []string
		isBroken   bool
	}{
		"by both":     {qemu: works, wine: works, want: []string{"started by qemu: dist/segment-sandbox_linux_arm64_v8.0/segment-sandbox\n", "started by wine: dist/segment-sandbox_windows_amd64_v1/segment-sandbox.exe\n"}},
		"by none":     {want: []string{"there is no qemu: dist/segment-sandbox_linux_arm64_v8.0/segment-sandbox\n", "there is no wine: "}},
		"one fails":   {qemu: works, wine: fails, isBroken: true, want: []string{"started by qemu", "wine cannot start dist/segment-sandbox_windows_amd64_v1/segment-sandbox.exe: exec format error\n"}},
		"one is mute": {qemu: mute, wine: works, isBroken: true, want: []string{"qemu cannot start dist/segment-sandbox_linux_arm64_v8.0/segment-sandbox: ", "address in use\n", "started by wine"}},
		"wine is old": {qemu: works, wine: tooOld, want: []string{"not started, because wine is older than 9 and too old for Go: dist/segment-sandbox_windows_amd64_v1/segment-sandbox.exe\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			put := func(name, text string) {
				require.NoError(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755))
			}
			put("bin/uname", "#!/bin/sh\ncase $1 in -s) echo Linux ;; *) echo x86_64 ;; esac\n")
			for name, text := range map[string]string{"bin/qemu-aarch64-static": test.qemu, "bin/wine": test.wine} {
				if text != "" {
					put(name, text)
				}
			}
			put("dist/segment-sandbox_linux_arm64_v8.0/segment-sandbox", "")
			put("dist/segment-sandbox_windows_amd64_v1/segment-sandbox.exe", "")
			put("dist/segment-sandbox_darwin_arm64_v8.0/segment-sandbox", "")
			script, err := filepath.Abs(filepath.Join(repository, "packaging/start"))
			require.NoError(t, err)
			for _, tool := range []string{"basename", "cat", "dirname", "mktemp", "rm", "sed", "sh", "sleep"} {
				path, err := exec.LookPath(tool)
				require.NoError(t, err)
				require.NoError(t, os.Symlink(path, filepath.Join(folder, "bin", tool)))
			}
			bash, err := exec.LookPath("bash")
			require.NoError(t, err)
			run := exec.CommandContext(t.Context(), bash, script, "dist")
			run.Dir, run.Env = folder, []string{"PATH=" + filepath.Join(folder, "bin")}
			said, err := run.CombinedOutput()
			assert.Equal(t, test.isBroken, err != nil)
			text := string(bytes.ReplaceAll(said, []byte("qemu-aarch64-static"), []byte("qemu")))
			for _, want := range append(test.want, "nothing here runs it: dist/segment-sandbox_darwin_arm64_v8.0/segment-sandbox\n") {
				assert.Contains(t, text, want)
			}
		})
	}
}
