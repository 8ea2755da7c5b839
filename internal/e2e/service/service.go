// Package service runs a real server as a child process: on loopback, with its
// data in a folder, until it is stopped or killed, and again on the same data.
package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A Config says how a server is started.
type Config struct {
	// Name is for errors and for the file of the log.
	Name string
	// Path is the program. It gets PATH, HOME and Env as its environment, and
	// nothing else.
	Path string
	Args []string
	Env  map[string]string
	// Folder is where it runs and where its log is kept. It has to exist.
	Folder string
	// User runs it. Empty is who we are; some servers refuse root.
	User string
	// Port is where it listens, on loopback.
	Port int
	// Ready returns nil once the server can be used. Without it, that is when the
	// port accepts a connection.
	Ready func(ctx context.Context) error
	// Signal asks it to end well, SIGTERM by default.
	Signal syscall.Signal
	// StopCode is its exit code then.
	StopCode int
}

// A Service is a server that may be stopped, killed and started again, by one
// goroutine at a time.
type Service struct {
	Config
	running *child
}

// child is one life of a server.
type child struct {
	cmd    *exec.Cmd
	exited chan struct{}
	mu     sync.Mutex
	struck bool
}

// New makes a server that is not started yet.
func New(c Config) *Service {
	if c.Signal == 0 {
		c.Signal = syscall.SIGTERM
	}
	if c.Ready == nil {
		c.Ready = func(ctx context.Context) error { return dial(ctx, c.Port) }
	}
	return &Service{Config: c}
}

func dial(ctx context.Context, port int) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return conn.Close()
}

// Address is where the server listens.
func (s *Service) Address() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
}

// LogPath is the file with all that the server has said, in all its lives.
func (s *Service) LogPath() string { return filepath.Join(s.Folder, s.Name+".log") }

// Start starts the server and waits until it is ready. What it has said is in
// the error where it does not get there.
func (s *Service) Start(ctx context.Context) error {
	if err := s.Launch(); err != nil {
		return err
	}
	if err := s.Await(ctx); err != nil {
		s.Kill()
		return err
	}
	return nil
}

// Launch starts the server and does not wait: of several that need each other,
// all have to run before one gets ready.
func (s *Service) Launch() error {
	if s.isRunning() {
		return fmt.Errorf("starting %s: it runs already", s.Name)
	}
	log, err := os.OpenFile(s.LogPath(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("opening the log of %s: %w", s.Name, err)
	}
	defer log.Close() // the child has its own
	cmd := exec.Command(s.Path, s.Args...)
	cmd.Dir = s.Folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range s.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr, err = attributes(s.User); err != nil {
		return fmt.Errorf("starting %s: %w", s.Name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", s.Name, err)
	}
	c := &child{cmd: cmd, exited: make(chan struct{})}
	s.running = c
	go func() {
		defer close(c.exited)
		_ = cmd.Wait() // what it means stands in ProcessState
	}()
	return nil
}

// pause is how often a server is asked whether it is ready.
const pause = 50 * time.Millisecond

// Await waits until a server that was started is ready.
func (s *Service) Await(ctx context.Context) error {
	for {
		err := s.Ready(ctx)
		if err == nil {
			return s.Running()
		}
		select {
		case <-time.After(pause):
		case <-s.running.exited:
			return s.Running()
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to get ready: %w: %w\n%s", s.Name, ctx.Err(), err, s.Tail())
		}
	}
}

// StartTogether starts those servers that do not run, all before it waits for
// any: members of one cluster may wait for each other.
func StartTogether(ctx context.Context, servers ...*Service) error {
	var started []*Service
	for _, s := range servers {
		if s.isRunning() {
			continue
		}
		if err := s.Launch(); err != nil {
			return err
		}
		started = append(started, s)
	}
	for _, s := range started {
		if err := s.Await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Running returns an error unless the server runs.
func (s *Service) Running() error {
	if s.isRunning() {
		return nil
	}
	if s.running == nil {
		return fmt.Errorf("%s was not started", s.Name)
	}
	return fmt.Errorf("%s has ended, with %s\n%s", s.Name, s.running.cmd.ProcessState, s.Tail())
}

func (s *Service) isRunning() bool {
	if s.running == nil {
		return false
	}
	select {
	case <-s.running.exited:
		return false
	default:
		return true
	}
}

// Kill ends the server as a power cut would, with everything that it has
// started, and waits until it is gone.
func (s *Service) Kill() {
	c := s.running
	if c == nil {
		return
	}
	c.mu.Lock()
	if s.isRunning() && kill(c.cmd, syscall.SIGKILL) == nil { // it may be gone already
		c.struck = true
	}
	c.mu.Unlock()
	<-c.exited
	_ = kill(c.cmd, syscall.SIGKILL) // what it has left behind
}

// Killed returns an error unless the server died of our SIGKILL. One that
// crashed a moment before has proven nothing but that it crashes.
func (s *Service) Killed() error {
	if s.running == nil || s.isRunning() {
		return fmt.Errorf("%s was not killed", s.Name)
	}
	status, known := s.running.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if known && status.Signaled() && status.Signal() == syscall.SIGKILL && s.running.struck {
		return nil
	}
	return s.Running()
}

// Stop asks the server to end and waits until it does. Past ctx it is killed.
func (s *Service) Stop(ctx context.Context) error {
	if err := s.Running(); err != nil {
		return err
	}
	if err := s.running.cmd.Process.Signal(s.Signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", s.Name, err)
	}
	select {
	case <-s.running.exited:
	case <-ctx.Done():
		s.Kill()
		return fmt.Errorf("waiting for %s to end: %w\n%s", s.Name, ctx.Err(), s.Tail())
	}
	_ = kill(s.running.cmd, syscall.SIGKILL) // what it has left behind
	if code := s.running.cmd.ProcessState.ExitCode(); code != s.StopCode {
		return fmt.Errorf("%s ended with %s\n%s", s.Name, s.running.cmd.ProcessState, s.Tail())
	}
	return nil
}

// Pause stops the server in the middle of what it does, as a partition or a
// machine without CPU would, until it is resumed.
func (s *Service) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume lets a server that was paused go on.
func (s *Service) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Service) signal(number syscall.Signal) error {
	if err := s.Running(); err != nil {
		return err
	}
	if err := kill(s.running.cmd, number); err != nil {
		return fmt.Errorf("sending %s to %s: %w", number, s.Name, err)
	}
	return nil
}

// Pid is the process of the server.
func (s *Service) Pid() int { return s.running.cmd.Process.Pid }
