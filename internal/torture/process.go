package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// writeKey is looked for in everything that a process says. Its first part
// alone would be one too many.
const writeKey = "wk_CANARY_5c1f9e"

// canaries are the forms in which the key may get out.
var canaries = []string{
	writeKey,
	strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(writeKey+":")), "="),
	// Three offsets of base64 show the same text, inside something longer.
	base64.StdEncoding.EncodeToString([]byte("_" + writeKey))[4:20],
	base64.StdEncoding.EncodeToString([]byte("__" + writeKey))[4:20],
}

// binary is the product, built once.
type binary struct{ path string }

// build makes the product of the code around it, with the race detector where
// that is wanted.
func build(ctx context.Context, folder string, race bool) (binary, error) {
	b := binary{path: filepath.Join(folder, "benthos-segment")}
	args := []string{"-C", root, "build", "-o", b.path}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/benthos-segment")...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return b, fmt.Errorf("building the product: %w\n%s", err, said)
	}
	return b, nil
}

// root is where the product is, seen from here.
const root = "../.."

// process is a child of ours.
type process struct {
	cmd    *exec.Cmd
	said   *transcript
	exited chan struct{}
	// struck is set once a SIGKILL of ours has been sent.
	struck   bool
	striking sync.Mutex
}

// start runs a command that says sign when it is ready. Its environment is
// what we give it and nothing else.
func start(sign *regexp.Regexp, env map[string]string, path string, args ...string) (*process, error) {
	p := &process{
		cmd:    exec.Command(path, args...),
		said:   &transcript{ready: make(chan struct{}), sign: sign},
		exited: make(chan struct{}),
	}
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	// Our children end when this is closed, and it is when we end.
	if _, err := p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // what it means stands in ProcessState
	}()
	return p, nil
}

// connected is what the engine says of an input that is.
var connected = regexp.MustCompile(`Input type \S+ is now active`)

// run starts a pipeline that delivers to the stand-in. It is ready when its
// input is connected.
func (b binary) run(pipeline string, env map[string]string) (*process, error) {
	return b.runUntil(connected, pipeline, env)
}

// runUntil is run for a pipeline that is ready when it says sign.
func (b binary) runUntil(sign *regexp.Regexp, pipeline string, env map[string]string, flags ...string) (*process, error) {
	return start(sign, env, b.path, append(append([]string{"run", "--log.level", "TRACE"}, flags...), pipeline)...)
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() {
	p.strike()
	<-p.exited
}

// strike sends a SIGKILL. Whoever strikes at the same moment, or sees the
// process gone, waits until it is known whether that was the first one.
func (p *process) strike() {
	p.striking.Lock()
	defer p.striking.Unlock()
	if err := p.cmd.Process.Kill(); err == nil { // it may be gone already
		p.struck = true
	}
}

// killed returns an error unless the process died of our SIGKILL. One that
// crashed a moment before we came has proven nothing but that it crashes.
func (p *process) killed() error {
	p.striking.Lock()
	struck := p.struck
	p.striking.Unlock()
	status, known := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if known && status.Signaled() && status.Signal() == syscall.SIGKILL && struck {
		return nil
	}
	return p.running()
}

// terminate asks the process to end and waits until it does. It must end by
// itself and well: past its shutdown_timeout the engine exits with 1.
func (p *process) terminate(ctx context.Context) error {
	if err := p.running(); err != nil {
		return err
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending SIGTERM: %w", err)
	}
	return p.ended(ctx)
}

// ended waits until a process that was asked to end does.
func (p *process) ended(ctx context.Context) error {
	select {
	case <-p.exited:
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("waiting for a process to end: %w\n%s", ctx.Err(), p.said)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("a process ended with %d after SIGTERM\n%s", code, p.said)
	}
	return nil
}

// await waits until the process is ready: connected to its input, or
// listening.
func (p *process) await(ctx context.Context) error {
	select {
	case <-p.said.isReady():
		return nil
	case <-p.exited:
		return p.running()
	case <-ctx.Done():
		return fmt.Errorf("waiting for a process to get ready: %w\n%s", ctx.Err(), p.said)
	}
}

// awaitNext waits until the process says something else from now on, after it
// was ready.
func (p *process) awaitNext(ctx context.Context, sign *regexp.Regexp) error {
	p.said.expect(sign)
	return p.await(ctx)
}

// running returns an error where the process has ended by itself.
func (p *process) running() error {
	select {
	case <-p.exited:
		return fmt.Errorf("a process ended by itself, with %s\n%s", p.cmd.ProcessState, p.said)
	default:
		return nil
	}
}

// cpu is what an ended process has cost.
func (p *process) cpu() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// transcript keeps the end of what a process says and looks for the key in all
// of it.
type transcript struct {
	mu     sync.Mutex
	text   []byte
	leaked int
	// ready is closed when the process has said what it is waited for.
	ready chan struct{}
	sign  *regexp.Regexp
}

const (
	// shown is how much of the end is kept.
	shown = 8 << 10
	// overlap is what the longest of the texts looked for may have in an
	// earlier write.
	overlap = 80
)

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := max(0, len(t.text)-overlap)
	t.text = append(t.text, p...)
	for _, canary := range canaries {
		t.leaked += bytes.Count(t.text[before:], []byte(canary))
	}
	if t.sign != nil && t.sign.Match(t.text[before:]) {
		t.sign = nil
		close(t.ready)
	}
	if len(t.text) > 2*shown {
		t.text = append(t.text[:0], t.text[len(t.text)-shown:]...)
	}
	return len(p), nil
}

// expect looks for a sign in what is said from now on.
func (t *transcript) expect(sign *regexp.Regexp) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign, t.ready = sign, make(chan struct{})
}

func (t *transcript) isReady() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ready
}

func (t *transcript) leaks() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.leaked
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text[max(0, len(t.text)-shown):])
}
