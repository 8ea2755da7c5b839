package cookbook

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
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

// root is where the recipes are run from: their paths begin there.
const root = "../.."

var (
	// binary is the product, built once.
	binary string
	update = flag.Bool("update", false, "write what arrived into testdata, to be read before it is committed")
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(withBinary(m.Run))
}

func withBinary(run func() int) int {
	folder, err := os.MkdirTemp("", "cookbook")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "benthos-segment")
	build := exec.Command("go", "-C", root, "build", "-o", binary, "./cmd/benthos-segment")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the binary:", err)
		return 1
	}
	return run()
}

// kitchen is one recipe that runs, with a sandbox in Segment's place.
type kitchen struct {
	*testing.T
	name    string
	sandbox *segmenttest.Server
	// environment is all that the process gets to know.
	environment map[string]string
	// dead is the file of its dead letters.
	dead string

	// exited is closed when the process that was started has ended.
	exited chan struct{}

	mu   sync.Mutex
	said bytes.Buffer
}

func newKitchen(t *testing.T, name string) *kitchen {
	folder := t.TempDir()
	k := &kitchen{T: t, name: name, sandbox: segmenttest.New(t), dead: filepath.Join(folder, "dead_letters.ndjson")}
	k.sandbox.WaitTimeout = patience
	k.environment = map[string]string{
		"SEGMENT_WRITE_KEY": "the-write-key",
		"SEGMENT_ENDPOINT":  k.sandbox.URL,
		"METRICS_ADDRESS":   "127.0.0.1:0",
		"DEAD_LETTERS":      k.dead,
		"QUEUE_PATH":        filepath.Join(folder, "queue"),
	}
	return k
}

// Write takes what the process says.
func (k *kitchen) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.said.Write(p)
}

func (k *kitchen) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.said.String()
}

// command runs the recipe from the root, as its first lines say.
func (k *kitchen) command() *exec.Cmd {
	cmd := exec.Command(binary, "run", "examples/cookbook/"+k.name+".yaml")
	cmd.Dir = root
	for name, value := range k.environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = k, k
	return cmd
}

// runToTheEnd runs a recipe whose input ends.
func (k *kitchen) runToTheEnd() {
	k.Helper()
	require.NoError(k, k.command().Run(), "%s", k)
}

// start runs a recipe until the returned function stops it, or the test ends.
func (k *kitchen) start() (stop func()) {
	k.Helper()
	cmd := k.command()
	require.NoError(k, cmd.Start())
	exited := make(chan struct{})
	k.exited = exited
	var code error
	go func() { code = cmd.Wait(); close(exited) }()
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // or it has ended
		<-exited
		assert.NoError(k, code, "%s", k)
	})
	// It is stopped before the brokers and the sandbox, which were there first.
	k.Cleanup(stop)
	return stop
}

// await waits until something is so, and as long as the process runs.
func (k *kitchen) await(what string, isSo func() bool) {
	k.Helper()
	for deadline := time.Now().Add(patience); !isSo(); time.Sleep(20 * time.Millisecond) {
		select {
		case <-k.exited:
			require.Fail(k, "the process has ended before "+what, "%s", k)
		default:
			require.True(k, time.Now().Before(deadline), "waiting until %s\n%s", what, k)
		}
	}
}

// patience is how long a busy machine may take.
const patience = 2 * time.Minute

// path is that of a file of the recipe.
func (k *kitchen) path(file string) string { return filepath.Join("testdata", k.name, file) }

// lines are those of an input.
func (k *kitchen) lines(file string) []string {
	k.Helper()
	text, err := os.ReadFile(k.path(file))
	require.NoError(k, err)
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// compare holds what arrived against what is expected. Of people who have nothing to
// do with each other, either may be first.
func (k *kitchen) compare() {
	k.Helper()
	var calls []string
	for _, call := range k.sandbox.Calls() {
		assert.True(k, call.Accepted, "Segment would discard %s", call.Raw)
		calls = append(calls, plain(k.T, call.Raw))
	}
	k.hold("calls.ndjson", calls)
	k.hold("dead_letters.ndjson", k.deadLetters())
}

// hold compares lines of JSON with those of a file. Without a file, there must not be
// any.
func (k *kitchen) hold(file string, got []string) {
	k.Helper()
	if *update && len(got) > 0 {
		require.NoError(k, os.WriteFile(k.path(file), []byte(strings.Join(got, "\n")+"\n"), 0o644))
	}
	if _, err := os.Stat(k.path(file)); errors.Is(err, os.ErrNotExist) {
		assert.Empty(k, got, "%s", k)
		return
	}
	want := k.lines(file)
	assert.ElementsMatch(k, want, got, "%s: expected is listA\n%s", file, k)
}

// plain is a call without what the output says of itself, which changes with its
// version. The digits of numbers stay.
func plain(t *testing.T, raw []byte) string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var call map[string]any
	require.NoError(t, decoder.Decode(&call))
	if context, hasContext := call["context"].(map[string]any); hasContext {
		if library, hasLibrary := context["library"].(map[string]any); hasLibrary && library["name"] == "benthos-segment" {
			delete(context, "library")
		}
		if len(context) == 0 {
			delete(call, "context")
		}
	}
	return encode(t, call)
}

func encode(t *testing.T, value any) string {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(value))
	return strings.TrimSuffix(text.String(), "\n")
}

// deadLetters are the reasons and payloads of those in the file.
func (k *kitchen) deadLetters() (letters []string) {
	k.Helper()
	text, err := os.ReadFile(k.dead)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(k, err)
	for line := range strings.Lines(string(text)) {
		var letter map[string]string
		require.NoError(k, json.Unmarshal([]byte(line), &letter))
		assert.NotEmpty(k, letter["sentence"])
		delete(letter, "sentence")
		letters = append(letters, encode(k.T, letter))
	}
	return letters
}
