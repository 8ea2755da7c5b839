package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// date is that of all files in the packages.
var date = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

const unitFile = "packaging/linux/benthos-segment.service"

// unit are the lines of a unit file, by name. systemd does not run here, so the
// test does what they say.
func unit(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, unitFile))
	require.NoError(t, err)
	lines := make(map[string]string)
	for _, found := range regexp.MustCompile(`(?m)^(\w+)=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		lines[found[1]] = found[2]
	}
	return lines
}

// verifyUnit lets systemd judge the unit, with the binary that it starts.
func (d debian) verifyUnit() {
	d.t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		require.Empty(d.t, os.Getenv("CI"), "CI has systemd-analyze")
		d.t.Log("there is no systemd-analyze to judge the unit")
		return
	}
	// The units that it needs are those of this machine, and the binary is there.
	text, err := os.ReadFile(filepath.Join(repository, unitFile))
	require.NoError(d.t, err)
	path := filepath.Join(d.t.TempDir(), "benthos-segment.service")
	require.NoError(d.t, os.WriteFile(path, bytes.ReplaceAll(text, []byte("=/usr/bin/"), []byte("="+d.root+"/usr/bin/")), 0o600))
	said, err := d.enter("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	assert.NoError(d.t, err, string(said))
	assert.NotContains(d.t, string(said), "benthos-segment.service", "what is wrong with it")
}

// pipeline sends an event that goes through and one that does not.
const pipeline = `
http: { address: 127.0.0.1:4195 }
input:
  generate:
    interval: 1s
    mapping: |
      root = if count("events") % 2 == 1 { {"type": "track", "event": "Served", "userId": "u"} } else { {"type": "track", "userId": "u"} }
output:
  fallback:
    - segment: { write_key: "${SEGMENT_WRITE_KEY}", endpoint: "http://127.0.0.1:8765" }
    - file: { path: dead_letters.ndjson, codec: lines }
`

// environment is written as the file says, in quotes: with characters on which
// systemd and --env-file do not agree without them.
const (
	environment = `SEGMENT_WRITE_KEY="of-the#service"
ODD="a #b\"c\\d$e 'f"
`
	oddValue = `a #b"c\d$e 'f`
)

// serve runs the unit as systemd would: as its user, in its directory, with its
// environment and its mask. It stops it as systemd does.
func (d debian) serve() {
	d.t.Helper()
	u := unit(d.t)
	user := u["User"] + ":" + u["Group"]
	state := "/var/lib/" + u["StateDirectory"]
	require.Equal(d.t, state, u["WorkingDirectory"])
	d.do("install -d -m " + u["StateDirectoryMode"] + " -o " + u["User"] + " -g " + u["Group"] + " " + state)
	d.do("cat > /etc/benthos-segment/pipeline.yaml <<'EOF'\n" + pipeline + "EOF\ncat >> " + strings.TrimPrefix(u["EnvironmentFile"], "-") + " <<'EOF'\n" + environment + "EOF")

	sandbox := d.shell("nobody", "exec benthos-segment sandbox --write-key 'of-the#service'")
	require.NoError(d.t, sandbox.Start())
	defer sandbox.Wait()
	defer d.do("kill $(pidof -s benthos-segment)")
	d.await("benthos-segment health http://127.0.0.1:8765/healthz")

	var said strings.Builder
	service := d.shell(user, "umask "+u["UMask"]+"; cd "+u["WorkingDirectory"]+"; set -a; . "+strings.TrimPrefix(u["EnvironmentFile"], "-")+"; set +a; exec "+u["ExecStart"])
	service.Stdout, service.Stderr = &said, &said
	require.NoError(d.t, service.Start())
	d.await("benthos-segment health")
	d.await("benthos-segment tail --last 1 --limit 1 | grep Served")
	d.await("test -s " + state + "/dead_letters.ndjson")
	d.says("600 benthos-segment", "stat -c '%a %U' "+state+"/dead_letters.ndjson")
	d.do("for p in $(pidof benthos-segment); do if [ $(stat -c %U /proc/$p) = " + u["User"] + " ]; then kill -TERM $p; fi; done")
	assert.NoError(d.t, service.Wait(), said.String())
}

// systemd gives a service no less time than its pipeline takes.
func TestTheServiceHasTimeToStop(t *testing.T) {
	grace, err := time.ParseDuration(unit(t)["TimeoutStopSec"])
	require.NoError(t, err)
	pipelines, err := filepath.Glob(filepath.Join(repository, "config/*.yaml"))
	require.NoError(t, err)
	timeouts := 0
	for _, path := range pipelines {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		found := regexp.MustCompile(`(?m)^shutdown_timeout: (\S+)`).FindSubmatch(text)
		if found == nil {
			continue
		}
		timeouts++
		timeout, err := time.ParseDuration(string(found[1]))
		require.NoError(t, err)
		assert.Greater(t, grace, timeout, path)
	}
	assert.Greater(t, timeouts, 5)
}

// await waits until a script succeeds.
func (d debian) await(script string) {
	d.t.Helper()
	var said []byte
	require.Eventually(d.t, func() bool {
		var err error
		said, err = d.shell("", script).CombinedOutput()
		return err == nil
	}, 3*time.Minute, 50*time.Millisecond, "%s: %s", script, &said)
}
