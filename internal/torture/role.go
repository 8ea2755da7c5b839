package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// What has to be killed runs as a child, which is this program again in one of
// its roles.
const (
	roleVariable   = "TORTURE_ROLE"
	portVariable   = "TORTURE_PORT"
	folderVariable = "TORTURE_FOLDER"

	roleKafka   = "kafka"
	roleNATS    = "nats"
	roleSegment = "segment"
)

// play takes a role until the parent is gone, and returns the exit code.
func play(role string) int {
	port, err := strconv.Atoi(os.Getenv(portVariable))
	if err == nil {
		err = takeUp(role, port, os.Getenv(folderVariable))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func takeUp(role string, port int, folder string) (err error) {
	switch role {
	case roleKafka:
		_, err = startKafka(folder, port)
	case roleNATS:
		_, err = startNATS(folder, port)
	case roleSegment:
		err = startSegment(folder, port)
	default:
		err = fmt.Errorf("there is no role %q", role)
	}
	return err
}

// startSegment starts a stand-in of Segment that writes down what it accepts
// before it says so.
func startSegment(folder string, port int) error {
	file, err := os.OpenFile(acceptancesIn(folder), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the acceptances: %w", err)
	}
	s := newSegment(uint64(os.Getpid()), stride)
	s.keep = func(accepted []acceptance) error {
		var lines []byte
		for _, a := range accepted {
			line, err := json.Marshal(a)
			if err != nil {
				return fmt.Errorf("writing the acceptances: %w", err)
			}
			lines = append(append(lines, line...), '\n')
		}
		_, err := file.Write(lines)
		return err
	}
	return s.serve(port)
}

func acceptancesIn(folder string) string { return filepath.Join(folder, "acceptances.ndjson") }

// child is a server that may be killed and started again, with its port and
// its folder.
type child struct {
	role   string
	port   int
	folder string
	*process
}

var isReady = regexp.MustCompile(`(?m)^ready$`)

// start starts the server and waits until it listens.
func (c *child) start(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("looking for ourselves: %w", err)
	}
	c.process, err = start(isReady, map[string]string{
		roleVariable:   c.role,
		portVariable:   strconv.Itoa(c.port),
		folderVariable: c.folder,
	}, self)
	if err != nil {
		return err
	}
	if err := c.await(ctx); err != nil {
		c.kill()
		return err
	}
	return nil
}

func (c *child) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)) }

// newChild reserves a port.
func newChild(role, folder string) (*child, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return &child{role: role, port: port, folder: folder}, nil
}

// freePort returns a port that nothing else takes for a while, as the system
// hands out others first.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// acceptanceFile is what a stand-in that was killed now and then has written
// down.
type acceptanceFile struct {
	path    string
	read    int64
	entries []acceptance
	arrived map[step]bool
}

// await waits until the file has n different events.
func (f *acceptanceFile) await(ctx context.Context, n int) error {
	for {
		if err := f.catchUp(); err != nil || len(f.arrived) >= n {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for calls, %d of %d are there: %w", len(f.arrived), n, ctx.Err())
		}
	}
}

// has says whether the file has an event by now.
func (f *acceptanceFile) has(s step) bool {
	if !f.arrived[s] {
		_ = f.catchUp() // an event that cannot be read counts as missing
	}
	return f.arrived[s]
}

// count is how many different events the file has by now.
func (f *acceptanceFile) count() int {
	_ = f.catchUp() // an event that cannot be read counts as missing
	return len(f.arrived)
}

// catchUp reads the whole lines that are new. Half a line is one that nobody
// was told about.
func (f *acceptanceFile) catchUp() error {
	file, err := os.Open(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the acceptances: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(f.read, io.SeekStart); err != nil {
		return fmt.Errorf("reading the acceptances: %w", err)
	}
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the acceptances: %w", err)
		}
		f.read += int64(len(line))
		var a acceptance
		if err := json.Unmarshal(line, &a); err != nil {
			return fmt.Errorf("reading the acceptances: %w", err)
		}
		f.entries = append(f.entries, a)
		f.arrived[a.step] = true
	}
}
