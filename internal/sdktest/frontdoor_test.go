package sdktest

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// segmentKey is the key of the source at Segment. No SDK has it.
const segmentKey = "segment-0123456789"

// frontDoor is the binary with a pipeline that begins with the input segment.
type frontDoor struct {
	t *testing.T
	// url is where SDKs send to, and admin where the binary tells of itself. They stay
	// the same when it is started again.
	url, admin  string
	deadLetters string
	args, env   []string

	cmd  *exec.Cmd
	said *lockedBuffer
}

// newFrontDoor has the pipeline that people copy, with a queue on disk. It delivers
// to segment, and is not open yet. The settings change its pipeline.
func newFrontDoor(t *testing.T, segment string, settings ...string) *frontDoor {
	t.Helper()
	return newFrontDoorOf(t, "gateway.yaml", segment, settings...)
}

// newFrontDoorOf has another pipeline of config/.
func newFrontDoorOf(t *testing.T, pipeline, segment string, settings ...string) *frontDoor {
	t.Helper()
	folder := t.TempDir()
	address, admin := freeAddress(t), freeAddress(t)
	d := &frontDoor{
		t: t, url: "http://" + address, admin: "http://" + admin, said: &lockedBuffer{},
		deadLetters: filepath.Join(folder, "dead_letters.ndjson"),
		args:        []string{"run"},
	}
	for _, setting := range settings {
		d.args = append(d.args, "--set", setting)
	}
	d.args = append(d.args, "../../config/"+pipeline)
	d.env = append(
		os.Environ(), "GATEWAY_ADDRESS="+address, "METRICS_ADDRESS="+admin, "SOURCE_WRITE_KEY="+writeKey,
		"SEGMENT_ENDPOINT="+segment, "SEGMENT_WRITE_KEY="+segmentKey,
		"QUEUE_PATH="+filepath.Join(folder, "queue"), "DEAD_LETTERS="+d.deadLetters,
	)
	t.Cleanup(func() {
		if d.cmd != nil {
			d.kill()
		}
		if t.Failed() {
			t.Logf("the binary said:\n%s", d.said)
		}
	})
	return d
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// open starts the binary and waits until it takes events.
func (d *frontDoor) open() {
	d.t.Helper()
	d.cmd = exec.Command(binary(d.t), d.args...)
	d.cmd.Env, d.cmd.Stdout, d.cmd.Stderr = d.env, d.said, d.said
	require.NoError(d.t, d.cmd.Start())
	d.until("ready", func() bool {
		resp, err := http.Get(d.url + "/ready")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
}

// kill ends the binary as a power cut would.
func (d *frontDoor) kill() {
	_ = d.cmd.Process.Kill() // it may have ended by itself, which shows elsewhere
	_ = d.cmd.Wait()
	d.cmd = nil
}

// killWhile kills the binary. Whoever sends meanwhile finds nobody.
func (d *frontDoor) killWhile(meanwhile func()) {
	d.kill()
	meanwhile()
}

// stopWhile ends the binary as a deploy does, and it ends well. Whoever sends
// meanwhile is told to come again, or finds nobody.
func (d *frontDoor) stopWhile(meanwhile func()) {
	d.t.Helper()
	require.NoError(d.t, d.cmd.Process.Signal(syscall.SIGTERM))
	meanwhile()
	require.NoError(d.t, d.cmd.Wait(), "%s", d.said)
	d.cmd = nil
}

func (d *frontDoor) until(what string, isSo func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); !isSo(); time.Sleep(20 * time.Millisecond) {
		require.True(d.t, time.Now().Before(deadline), "the binary was never %s:\n%s", what, d.said)
	}
}

// queued is how many events the queue holds.
func (d *frontDoor) queued() (events int) {
	resp, err := http.Get(d.admin + "/metrics")
	require.NoError(d.t, err)
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), "} "); strings.HasPrefix(name, "segment_journal_events{") {
			_, err := fmt.Sscan(value, &events)
			require.NoError(d.t, err)
		}
	}
	return events
}

// binary is the product, built once of the code around this.
func binary(t *testing.T) string {
	t.Helper()
	path, err := built()
	require.NoError(t, err)
	return path
}

var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workplace, "benthos-segment")
	if said, err := exec.Command("go", "-C", "../..", "build", "-o", path, "./cmd/benthos-segment").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the product: %w\n%s", err, said)
	}
	return path, nil
})

// everybody sends an SDK of each kind through the front door.
func everybody(t *testing.T, url string) (visits []visit) {
	t.Helper()
	for _, s := range sdks {
		if s.language.missing == "" {
			visits = append(visits, s.visit(t, url))
		}
	}
	return visits
}

// checkAll compares what arrived of each SDK with what it was told to send, and
// looks that there is nothing else. Those that keep this much order have to have
// kept it.
func (d *frontDoor) checkAll(server *segmenttest.Server, visits []visit, atMost order, arrived func(sdk) []segmenttest.Call) {
	total := 0
	for _, v := range visits {
		d.t.Run(v.name, func(t *testing.T) { v.check(t, arrived(v.sdk), wanted{segmentKey, read, v.order <= atMost}) })
		total += v.rounds * len(v.expected(1))
	}
	assert.Equal(d.t, total, server.Summary().Unique)
	dead, err := os.ReadFile(d.deadLetters)
	if err == nil {
		assert.Empty(d.t, string(dead), "dead letters")
	}
}

func TestEverySDKsCallsReachSegmentOnce(t *testing.T) {
	server := segmenttest.New(t)
	// Segment cannot take anything for a while.
	server.Fail(http.StatusTooManyRequests).RetryAfter("1").Times(2)
	server.Fail(http.StatusServiceUnavailable).Times(3)
	server.Fail(http.StatusTooManyRequests).Times(2)
	// A prefix, and the slash that users write behind it, change the path of a request.
	door := newFrontDoor(t, server.URL, "input.segment.path_prefix=/events")
	door.url += "/events/"
	door.open()
	visits := everybody(t, door.url)

	for range 3 {
		for i := range visits {
			visits[i].next()
		}
	}
	await(t, server, visits...)
	for _, v := range visits {
		v.leave()
	}

	door.checkAll(server, visits, untilARetry, func(s sdk) []segmenttest.Call { return callsOf(server, s) })
	assert.Zero(t, server.Summary().Duplicates)
}

// A request whose answer was cut off is sent again by its SDK, and a call that was
// delivered a moment before a kill is delivered again by the queue. Segment removes
// both by their message ids, and so does this.
//
// Reported: a batch of RudderStack's SDK for browsers could not be sent again.
// https://github.com/rudderlabs/rudder-sdk-js/issues/1917
func TestEverySDKsCallsOutliveTheProcess(t *testing.T) {
	for name, end := range map[string]func(d *frontDoor, meanwhile func()){
		"killed": (*frontDoor).killWhile, "stopped": (*frontDoor).stopWhile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := segmenttest.New(t)
			outage := server.Fail(http.StatusServiceUnavailable)
			// Three quarters of it pass before the output gives up.
			door := newFrontDoor(t, server.URL, "shutdown_timeout=8s")
			door.open()
			visits := everybody(t, door.url)

			// What is only in the queue is there in the next process.
			sent := 0
			for i := range visits {
				visits[i].next()
				sent += len(visits[i].expected(1))
			}
			door.until(fmt.Sprintf("holding %d events", sent), func() bool { return door.queued() == sent })
			// And what an SDK could not get rid of, it keeps.
			nextOfThoseWhoRemember(visits)
			end(door, func() { nextOfThoseWhoRemember(visits) })
			door.open()
			outage.Remove()
			for i := range visits {
				visits[i].next()
			}
			await(t, server, visits...)
			for _, v := range visits {
				v.leave()
			}

			door.checkAll(server, visits, always, func(s sdk) []segmenttest.Call { return firsts(callsOf(server, s)) })
		})
	}
}

// nextOfThoseWhoRemember begins a round while the door may be shut.
func nextOfThoseWhoRemember(visits []visit) {
	for i := range visits {
		if !visits[i].forgets {
			visits[i].next()
		}
	}
}
