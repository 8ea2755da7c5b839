package ordeal

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
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// WriteKey is looked for in everything that a process says. Its first part
// alone would be one too many.
const WriteKey = "wk_CANARY_5c1f9e"

// Canaries are the forms in which the key may get out.
var Canaries = []string{
	WriteKey,
	strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(WriteKey+":")), "="),
	// Three offsets of base64 show the same text, inside something longer.
	base64.StdEncoding.EncodeToString([]byte("_" + WriteKey))[4:20],
	base64.StdEncoding.EncodeToString([]byte("__" + WriteKey))[4:20],
}

// Binary is the product, built once.
type Binary struct {
	Path string
	// Flags are further ones of the command run.
	Flags []string
	// Command says how a program is run on another machine. Without it, it is run
	// here.
	Command func(path string, args ...string) []string
}

// With is the same product with further flags.
func (b Binary) With(flags ...string) Binary {
	b.Flags = append(slices.Clone(b.Flags), flags...)
	return b
}

// Build makes the product of the code around it, with the race detector where
// that is wanted.
func Build(ctx context.Context, folder string, race bool) (Binary, error) {
	b := Binary{Path: filepath.Join(folder, "benthos-segment")}
	root, err := findRoot()
	if err != nil {
		return b, err
	}
	args := []string{"-C", root, "build", "-o", b.Path}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/benthos-segment")...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return b, fmt.Errorf("building the product: %w\n%s", err, said)
	}
	return b, nil
}

// findRoot looks for the product in the folders above.
func findRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("looking for the product: %w", err)
	}
	for ; ; folder = filepath.Dir(folder) {
		text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module benthos-segment\n")) {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("looking for the product: no folder above is its module")
		}
	}
}

// Process is a child of ours.
type Process struct {
	cmd    *exec.Cmd
	Said   *transcript
	Exited chan struct{}
	// Struck is set once a SIGKILL of ours has been sent.
	Struck   bool
	striking sync.Mutex
}

// Start runs a command that says sign when it is ready. Its environment is
// what we give it and nothing else.
func Start(sign *regexp.Regexp, env map[string]string, path string, args ...string) (*Process, error) {
	p := &Process{
		cmd:    exec.Command(path, args...),
		Said:   &transcript{ready: make(chan struct{}), sign: sign},
		Exited: make(chan struct{}),
	}
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = p.Said, p.Said
	p.cmd.SysProcAttr = attributes()
	// Our roles end when this is closed, and it is when we end.
	if _, err := p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	go func() {
		defer close(p.Exited)
		_ = p.cmd.Wait() // what it means stands in ProcessState
	}()
	return p, nil
}

// Connected is what the engine says of an input that is.
var Connected = regexp.MustCompile(`Input type \S+ is now active`)

// Run starts a pipeline that delivers to the stand-in. It is ready when its
// input is connected.
func (b Binary) Run(pipeline string, env map[string]string) (*Process, error) {
	return b.RunUntil(Connected, pipeline, env)
}

// RunUntil is run for a pipeline that is ready when it says sign.
func (b Binary) RunUntil(sign *regexp.Regexp, pipeline string, env map[string]string, flags ...string) (*Process, error) {
	args := slices.Concat([]string{"run", "--log.level", "TRACE"}, b.Flags, flags, []string{pipeline})
	command := append([]string{b.Path}, args...)
	if b.Command != nil {
		command = b.Command(b.Path, args...)
	}
	return Start(sign, env, command[0], command[1:]...)
}

// Kill ends the process as a power cut would, and waits until it is gone.
func (p *Process) Kill() {
	p.Strike()
	<-p.Exited
}

// Strike sends a SIGKILL. Whoever strikes at the same moment, or sees the
// process gone, waits until it is known whether that was the first one.
func (p *Process) Strike() {
	p.striking.Lock()
	defer p.striking.Unlock()
	if err := p.cmd.Process.Kill(); err == nil { // it may be gone already
		p.Struck = true
	}
}

// Killed returns an error unless the process died of our SIGKILL. One that
// crashed a moment before we came has proven nothing but that it crashes.
func (p *Process) Killed() error {
	p.striking.Lock()
	struck := p.Struck
	p.striking.Unlock()
	status, known := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if known && status.Signaled() && status.Signal() == syscall.SIGKILL && struck {
		return nil
	}
	return p.Running()
}

// Terminate asks the process to end and waits until it does. It must end by
// itself and well: past its shutdown_timeout the engine exits with 1.
func (p *Process) Terminate(ctx context.Context) error {
	if err := p.Running(); err != nil {
		return err
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending SIGTERM: %w", err)
	}
	return p.Ended(ctx)
}

// Ended waits until a process that was asked to end does.
func (p *Process) Ended(ctx context.Context) error {
	select {
	case <-p.Exited:
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("waiting for a process to end: %w\n%s", ctx.Err(), p.Said)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("a process ended with %d after SIGTERM\n%s", code, p.Said)
	}
	return nil
}

// Await waits until the process is ready: connected to its input, or
// listening.
func (p *Process) Await(ctx context.Context) error {
	select {
	case <-p.Said.IsReady():
		return nil
	case <-p.Exited:
		return p.Running()
	case <-ctx.Done():
		return fmt.Errorf("waiting for a process to get ready: %w\n%s", ctx.Err(), p.Said)
	}
}

// AwaitNext waits until the process says something else from now on, after it
// was ready.
func (p *Process) AwaitNext(ctx context.Context, sign *regexp.Regexp) error {
	p.Said.Expect(sign)
	return p.Await(ctx)
}

// Running returns an error where the process has ended by itself.
func (p *Process) Running() error {
	select {
	case <-p.Exited:
		return fmt.Errorf("a process ended by itself, with %s\n%s", p.cmd.ProcessState, p.Said)
	default:
		return nil
	}
}

// CPU is what an ended process has cost.
func (p *Process) CPU() time.Duration {
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
	for _, canary := range Canaries {
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

// Expect looks for a sign in what is said from now on.
func (t *transcript) Expect(sign *regexp.Regexp) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign, t.ready = sign, make(chan struct{})
}

func (t *transcript) IsReady() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ready
}

func (t *transcript) Leaks() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.leaked
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text[max(0, len(t.text)-shown):])
}
