package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// steps are the blocks of a page up to its first heading, in their order.
func steps(t *testing.T, page string) (blocks [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, page))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(text), "\n## ")
	for _, found := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```").FindAllStringSubmatch(first, -1) {
		blocks = append(blocks, found[1:])
	}
	return blocks
}

// examined follows the page to a service: the key is in its environment alone, and
// doctor finds it there. There is no Segment here, so the sandbox stands in for it.
func (d debian) examined(pipeline string) {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "docs/first-event.md"))
	require.NoError(d.t, err)
	_, section, _ := strings.Cut(string(text), "\n## To Segment, as a service\n")
	command := func(start string) string {
		found := regexp.MustCompile("`(" + start + "[^`]*)`").FindStringSubmatch(section)
		require.Len(d.t, found, 2, start)
		return found[1]
	}
	key := strings.Replace(command("SEGMENT_WRITE_KEY="), "…", "of-the#service", 1)
	pipeline = strings.Replace(pipeline, "write_key: any", command("write_key: "), 1)
	d.do("cat > /etc/benthos-segment/pipeline.yaml <<'EOF'\n" + pipeline + "EOF\ncat >> /etc/benthos-segment/environment <<'EOF'\n" + key + "\nEOF")
	said := d.do(command("benthos-segment doctor"))
	assert.Regexp(d.t, `(?m)^ok +config .*lint finds nothing$`, said)
	assert.Contains(d.t, said, "it has 14 characters", "the whole key")
	// Without the file it is not there, which the page has to know.
	assert.Contains(d.t, d.do("! benthos-segment doctor /etc/benthos-segment/pipeline.yaml"), "SEGMENT_WRITE_KEY is not set")
}

// From a fresh Debian, which has no Go, to the first event on the page: by what
// docs/first-event.md says and nothing else.
func TestTheFirstEventComesFromAFreshDebian(t *testing.T) {
	deb := packageOf(t, "deb")
	d := freshDebian(t)
	d.put(deb, "/root/"+filepath.Base(deb))
	d.says("", "ls /usr/bin/go /usr/local/go /usr/bin/curl 2>/dev/null || true")
	began := time.Now()

	blocks := steps(t, "docs/first-event.md")
	require.Len(t, blocks, 4)
	install, sandbox, pipeline, run := blocks[0][1], blocks[1][1], blocks[2], blocks[3][1]
	require.Equal(t, "yaml", pipeline[0])
	assert.Equal(t, 10, strings.Count(pipeline[1], "\n"), "ten lines of YAML")
	d.do("cd /root; " + install)
	background := d.shell("", "exec "+strings.TrimSuffix(strings.TrimSpace(sandbox), " &"))
	require.NoError(t, background.Start())
	defer background.Wait()
	defer d.do("kill $(pidof -s benthos-segment)")
	d.await("benthos-segment health http://127.0.0.1:8765/healthz")
	d.do("cat > /etc/benthos-segment/pipeline.yaml <<'EOF'\n" + pipeline[1] + "EOF")
	d.do("benthos-segment lint /etc/benthos-segment/pipeline.yaml")
	d.do(run)

	// What the page shows comes by this stream.
	seen := d.do("benthos-segment tail --json --last 1 --limit 1")
	assert.Contains(t, seen, "First Event")
	took := time.Since(began)
	d.examined(pipeline[1])
	t.Logf("the first event was on the page after %s", took.Round(time.Second/10))
}
