package ordeal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"
)

// What has to be killed runs as a child, which is this program again in one of
// its roles.
const (
	roleVariable   = "TORTURE_ROLE"
	portVariable   = "TORTURE_PORT"
	folderVariable = "TORTURE_FOLDER"

	// RoleSegment is that of the stand-in of Segment.
	RoleSegment = "segment"
)

// A role is a server that keeps in a folder what it is given, and a later one
// goes on with it.
type Role func(folder string, port int) error

// PlayIfCast takes the role that the parent has given this program, until that
// is gone. It returns at once where this is the parent.
func PlayIfCast(roles map[string]Role) {
	name, exists := os.LookupEnv(roleVariable)
	if !exists {
		return
	}
	port, err := strconv.Atoi(os.Getenv(portVariable))
	if err == nil {
		err = takeUp(name, roles, port, os.Getenv(folderVariable))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func takeUp(name string, roles map[string]Role, port int, folder string) error {
	if name == RoleSegment {
		return startSegment(folder, port)
	}
	play, exists := roles[name]
	if !exists {
		return fmt.Errorf("there is no role %q", name)
	}
	return play(folder, port)
}

// startSegment starts a stand-in of Segment that writes down what it accepts
// before it says so.
func startSegment(folder string, port int) error {
	if err := cutTornLine(acceptancesIn(folder)); err != nil {
		return err
	}
	file, err := os.OpenFile(acceptancesIn(folder), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the acceptances: %w", err)
	}
	s := NewSegment(uint64(os.Getpid()), Stride)
	s.keep = func(accepted []Acceptance) error {
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
	return s.Serve(port)
}

// cutTornLine takes off the half line that a SIGKILL leaves in the middle of a
// write. Nobody was told that what it says is accepted.
func cutTornLine(path string) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the acceptances: %w", err)
	}
	whole := bytes.LastIndexByte(content, '\n') + 1
	if whole == len(content) {
		return nil
	}
	if err := os.Truncate(path, int64(whole)); err != nil {
		return fmt.Errorf("cutting the acceptances: %w", err)
	}
	return nil
}

func acceptancesIn(folder string) string { return filepath.Join(folder, "acceptances.ndjson") }

// A Killable server may be killed and started again, with its port and what it
// keeps.
type Killable interface {
	// Start returns when the server listens.
	Start(ctx context.Context) error
	Kill()
	// Killed returns an error unless the server died of that.
	Killed() error
	Address() string
}

// Child is a server that may be killed and started again, with its port and
// its folder.
type Child struct {
	role   string
	port   int
	folder string
	*Process
}

// IsReady is what a child says when it listens.
var IsReady = regexp.MustCompile(`(?m)^ready$`)

// Start starts the server and waits until it listens.
func (c *Child) Start(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("looking for ourselves: %w", err)
	}
	c.Process, err = Start(IsReady, map[string]string{
		roleVariable:   c.role,
		portVariable:   strconv.Itoa(c.port),
		folderVariable: c.folder,
	}, self)
	if err != nil {
		return err
	}
	if err := c.Await(ctx); err != nil {
		c.Kill()
		return err
	}
	return nil
}

// Address is where the server listens.
func (c *Child) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)) }

// NewChild reserves a port.
func NewChild(role, folder string) (*Child, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	return &Child{role: role, port: port, folder: folder}, nil
}

// FreePort returns a port that nobody listens at. It is one of those that Linux
// does not hand out by itself, which a client could have taken before a server
// does.
func FreePort() (port int, err error) {
	for range ports {
		port = firstPort + int(nextPort.Add(1)%ports)
		var listener net.Listener
		if listener, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("looking for a free port: %w", err)
}

// Ports below the least of ip_local_port_range.
const (
	firstPort = 20000
	ports     = 32768 - firstPort
)

// nextPort starts anywhere, as several programs look for ports at the same time.
var nextPort atomic.Uint32

func init() { nextPort.Store(rand.Uint32N(ports)) }

// acceptanceFile is what a stand-in that was killed now and then has written
// down.
type acceptanceFile struct {
	path    string
	read    int64
	entries []Acceptance
	arrived map[Step]bool
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

// Has says whether the file has an event by now.
func (f *acceptanceFile) Has(s Step) bool {
	if !f.arrived[s] {
		_ = f.catchUp() // an event that cannot be read counts as missing
	}
	return f.arrived[s]
}

// Count is how many different events the file has by now.
func (f *acceptanceFile) Count() int {
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
		var a Acceptance
		if err := json.Unmarshal(line, &a); err != nil {
			return fmt.Errorf("reading the acceptances: %w", err)
		}
		f.entries = append(f.entries, a)
		f.arrived[a.Step] = true
	}
}
