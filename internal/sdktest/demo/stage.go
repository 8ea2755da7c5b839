package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	sourceKey  = "demo-source"
	segmentKey = "demo-segment"
)

// stage is everything that runs: the files of the page, the front door and the
// sandbox. The latter two are processes of the binary.
type stage struct {
	root, binary  string
	folder        string
	files         *httptest.Server
	door, sandbox string
	processes     []*process
}

type process struct {
	cmd  *exec.Cmd
	said bytes.Buffer
}

func newStage(root, binary string) (*stage, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "demo-gateway")
	if err != nil {
		return nil, err
	}
	page := http.FileServer(http.Dir(filepath.Join(root, "examples", "gateway")))
	binary = cmp.Or(binary, filepath.Join(root, "bin", "benthos-segment"))
	return &stage{root: root, binary: binary, folder: folder, files: httptest.NewServer(page)}, nil
}

// page is the address of the page, which is told where to send.
func (s *stage) page() string {
	return s.files.URL + "/?" + url.Values{"to": {s.door}, "key": {sourceKey}}.Encode()
}

// open starts both processes and waits until they are ready.
func (s *stage) open(ctx context.Context) error {
	var addresses [3]string
	for i := range addresses {
		var err error
		if addresses[i], err = freeAddress(); err != nil {
			return err
		}
	}
	s.sandbox, s.door = "http://"+addresses[0], "http://"+addresses[1]
	if err := s.start(ctx, s.sandbox+"/readyz", nil, "sandbox", "--listen", addresses[0]); err != nil {
		return err
	}
	return s.start(ctx, s.door+"/ready", []string{
		"GATEWAY_ADDRESS=" + addresses[1], "METRICS_ADDRESS=" + addresses[2],
		"SOURCE_WRITE_KEY=" + sourceKey, "SEGMENT_WRITE_KEY=" + segmentKey, "SEGMENT_ENDPOINT=" + s.sandbox,
		"QUEUE_PATH=" + filepath.Join(s.folder, "queue"), "DEAD_LETTERS=" + filepath.Join(s.folder, "dead_letters.ndjson"),
	}, "run", filepath.Join("config", "gateway.yaml"))
}

// freeAddress is one that nobody listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// start starts a command of the binary and waits until it says that it is ready.
func (s *stage) start(ctx context.Context, ready string, env []string, args ...string) error {
	p := &process{cmd: exec.Command(s.binary, args...)}
	p.cmd.Dir, p.cmd.Env = s.root, append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting benthos-segment %s: %w", args[0], err)
	}
	s.processes = append(s.processes, p)
	for {
		if _, err := get(ctx, ready); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			p.stop()
			return fmt.Errorf("waiting for benthos-segment %s: %w\n%s", args[0], ctx.Err(), &p.said)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *process) stop() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

func (s *stage) close() {
	for _, p := range s.processes {
		p.stop()
	}
	s.files.Close()
	_ = os.RemoveAll(s.folder)
}

// await waits until so many calls have arrived, and returns them in their order.
func (s *stage) await(ctx context.Context, count int) (seen []call, err error) {
	if _, err := get(ctx, fmt.Sprintf("%s/api/v1/wait?count=%d&timeout=60s", s.sandbox, count)); err != nil {
		return nil, err
	}
	body, err := get(ctx, s.sandbox+"/api/v1/calls")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Calls []struct {
			Type     string
			UserID   string `json:"user_id"`
			Accepted bool
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("reading the calls: %w", err)
	}
	for _, c := range answer.Calls {
		if !c.Accepted {
			return nil, fmt.Errorf("%s of %s arrived, and Segment would discard it", c.Type, c.UserID)
		}
		seen = append(seen, call{c.UserID, c.Type})
	}
	return seen, nil
}

func get(ctx context.Context, target string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(target + ": " + resp.Status)
	}
	return body.Bytes(), nil
}
