package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// installed checks what both packages bring.
func (d debian) installed() {
	d.t.Helper()
	d.says("0 755", "stat -c '%u %a' /usr/bin/benthos-segment")
	d.says("root:benthos-segment 750", "stat -c '%U:%G %a' /etc/benthos-segment")
	d.says("root:benthos-segment 640", "stat -c '%U:%G %a' /etc/benthos-segment/environment")
	d.says("root 644", "stat -c '%U %a' /usr/lib/systemd/system/benthos-segment.service")
	// johannesjo/parallel-code#281: a deb of a strict umask could not be read by users.
	d.says("", "find /usr/share/doc/benthos-segment -type f ! -perm 644 -o -type d ! -perm 755")
	d.says("/var/lib/benthos-segment:/usr/sbin/nologin", "getent passwd benthos-segment | cut -d : -f 6,7")
	d.do("test -s /usr/share/doc/benthos-segment/NOTICE && test -s /usr/share/doc/benthos-segment/copyright")
	d.do("benthos-segment version")
	d.do("SEGMENT_WRITE_KEY=k benthos-segment lint /usr/share/doc/benthos-segment/config/webhook.yaml")
	d.verifyUnit()
}

// vectordotdev/vector#5478: a deb could be installed only where systemd runs.
// go-gost/gost#906: the configuration that a package brought could not be run. Ours
// brings none.
func TestTheDebIsInstalledServesAndIsRemoved(t *testing.T) {
	deb := packageOf(t, "deb")
	d := freshDebian(t)
	d.put(deb, "/root/benthos-segment.deb")
	d.do("apt-get update; apt-get install -y /root/benthos-segment.deb")
	d.says("ca-certificates, passwd", "dpkg-query -W -f '${Depends}' benthos-segment")
	d.do("test -s /etc/ssl/certs/ca-certificates.crt")
	d.installed()
	d.hasThePages()
	d.serve()

	// An upgrade keeps what the user has written, and so does a removal.
	d.do("apt-get install -y --reinstall /root/benthos-segment.deb")
	d.says("benthos-segment", "id -un benthos-segment")
	d.says("root:benthos-segment 640", "stat -c '%U:%G %a' /etc/benthos-segment/environment")
	d.do("grep of-the#service /etc/benthos-segment/environment")
	// Nor does an upgrade need what the user has deleted.
	d.do("mv /etc/benthos-segment/environment /root/; apt-get install -y --reinstall /root/benthos-segment.deb")
	d.says("pipeline.yaml", "ls /etc/benthos-segment")
	d.do("mv /root/environment /etc/benthos-segment/; apt-get remove -y benthos-segment")
	d.says("environment\npipeline.yaml", "ls /etc/benthos-segment")
	d.says("dead_letters.ndjson", "ls /var/lib/benthos-segment")
	d.says("", "ls /usr/bin | grep benthos || true")
	d.do("apt-get purge -y benthos-segment")
	d.says("", "ls -d /etc/benthos-segment /var/lib/benthos-segment /usr/share/doc/benthos-segment 2>/dev/null || true")
	d.says("", "getent passwd benthos-segment || true")
}

func TestTheRPMIsInstalledServesAndIsRemoved(t *testing.T) {
	rpm := packageOf(t, "rpm")
	d := freshDebian(t)
	// Debian's rpm does not know what is there.
	do := func(args ...string) {
		said, err := d.enter(append([]string{"rpm", "--root", d.root, "--nodeps"}, args...)...).CombinedOutput()
		require.NoError(t, err, "rpm %v: %s", args, said)
	}
	needs := exec.CommandContext(t.Context(), "rpm", "--query", "--requires", "--package", rpm)
	said, err := needs.Output()
	require.NoError(t, err)
	assert.Contains(t, string(said), "(shadow-utils or shadow)\n", "Fedora's and SUSE's, for the user of the service")
	assert.Contains(t, string(said), "ca-certificates\n")
	do("--install", rpm)
	d.installed()
	d.serve()

	// utkuozdemir/nvidia_gpu_exporter#407: an upgrade removed the user, by the script
	// of the version before.
	do("--upgrade", "--force", rpm)
	d.says("benthos-segment", "id -un benthos-segment")
	d.do("grep of-the#service /etc/benthos-segment/environment")
	do("--erase", "benthos-segment")
	d.says("", "ls /usr/bin | grep benthos || true")
	d.says("dead_letters.ndjson", "ls /var/lib/benthos-segment")
	d.says("environment.rpmsave\npipeline.yaml", "ls /etc/benthos-segment")
}

func TestTheSameInputsGiveTheSamePackages(t *testing.T) {
	root := t.TempDir()
	copyTree(t, repository, root)
	require.NoError(t, os.WriteFile(filepath.Join(root, "binary"), []byte("a small one"), 0o600))
	var made [2][][]byte
	for n := range made {
		p := packager{root: root, binary: filepath.Join(root, "binary"), out: t.TempDir(), arch: "arm64", version: "v1.2.3", date: date}
		paths, err := p.all()
		require.NoError(t, err)
		require.Len(t, paths, 2)
		assert.Equal(t, "benthos-segment_1.2.3_arm64.deb", filepath.Base(paths[0]))
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			made[n] = append(made[n], text)
		}
		// When a file was checked out is nobody's business, nor with which umask.
		// goreleaser/nfpm#744, viamrobotics/rdk#6296.
		require.NoError(t, filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if err := os.Chtimes(path, date, date.Add(time.Hour)); err != nil {
				return err
			}
			return os.Chmod(path, []os.FileMode{0o664, 0o600}[len(path)%2])
		}))
		for _, folder := range []string{"docs/monitoring", "packaging/linux"} {
			require.NoError(t, os.Chmod(filepath.Join(root, folder), 0o700))
		}
	}
	for format := range made[0] {
		assert.True(t, bytes.Equal(made[0][format], made[1][format]), "format %d", format)
	}
}

// copyTree copies what packages are made of.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	args := []string{"-R"}
	for _, name := range []string{".goreleaser.yaml", "packaging", "docs", "config", "examples", "LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "SECURITY.md"} {
		args = append(args, filepath.Join(from, name))
	}
	said, err := exec.Command("cp", append(args, to)...).CombinedOutput()
	require.NoError(t, err, string(said))
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no binary":      {nil, "packages needs -binary"},
		"one not there":  {[]string{"-binary", "absent"}, "absent"},
		"no date":        {[]string{"-binary", "/bin/sh", "-date", "today"}, "reading -date"},
		"no repository":  {[]string{"-binary", "/bin/sh", "-root", "/"}, ".goreleaser.yaml"},
		"something more": {[]string{"-binary", "/bin/sh", "more"}, "flags only"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"-root", repository, "-out", t.TempDir(), "-date", "2026-03-14T09:26:53Z"}, test.args...)
			assert.ErrorContains(t, run(args, &bytes.Buffer{}), test.want)
		})
	}
}
