// Command screenshot takes pictures of the debugger page: each view, wide and
// narrow, light and dark, into bin/screenshots, and the one that the README shows
// into docs. The demo's events and some traffic are what they show.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"benthos-segment/internal/sandbox/pagetest"
)

// Two sandboxes: one that has received something, and one that waits.
const (
	filled = "127.0.0.1:18766"
	empty  = "127.0.0.1:18767"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: screenshot <root of the repository> [scenes]")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run takes the pictures of the scenes that are named, or of all.
func run(ctx context.Context, root string, named []string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Minute)
	defer cancel()
	for _, address := range []string{filled, empty} {
		stop, err := serve(ctx, root, address)
		if err != nil {
			return err
		}
		defer stop()
	}
	if err := fill(ctx, root); err != nil {
		return err
	}
	path, err := pagetest.FindChromium()
	if err != nil {
		return err
	}
	browser, stop, err := pagetest.StartChromium(ctx, path)
	if err != nil {
		return err
	}
	defer stop()
	pictures := filepath.Join(root, "bin", "screenshots")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return fmt.Errorf("making the directory of the pictures: %w", err)
	}
	for _, s := range shots() {
		if len(named) > 0 && !slices.Contains(named, s.scene.name) {
			continue
		}
		picture, err := s.take(browser)
		if err != nil {
			return fmt.Errorf("taking %s: %w", s.name(), err)
		}
		if err := os.WriteFile(filepath.Join(pictures, s.name()), picture, 0o644); err != nil {
			return err
		}
		if s.name() == "detail-1280-light.png" {
			if err := os.WriteFile(filepath.Join(root, "docs", "sandbox.png"), picture, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// serve starts a sandbox and waits until it answers.
func serve(ctx context.Context, root, address string) (stop func(), err error) {
	sandbox := benthos(ctx, root, "sandbox", "--listen", address)
	if err := sandbox.Start(); err != nil {
		return nil, fmt.Errorf("starting the sandbox: %w", err)
	}
	stop = func() {
		_ = sandbox.Process.Kill()
		_ = sandbox.Wait()
	}
	for {
		resp, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			return stop, resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			stop()
			return nil, fmt.Errorf("waiting for the sandbox: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// fill sends events, of which some are refused at first.
func fill(ctx context.Context, root string) error {
	if err := pipe(ctx, root, "pipeline.yaml"); err != nil {
		return err
	}
	if err := call(ctx, http.MethodPost, "/api/v1/faults", `{"status":503,"probability":0.06,"seed":3}`); err != nil {
		return err
	}
	if err := pipe(ctx, root, "traffic.yaml"); err != nil {
		return err
	}
	if err := call(ctx, http.MethodDelete, "/api/v1/faults", ""); err != nil {
		return err
	}
	// One call for each remark.
	return call(ctx, http.MethodPost, "/v1/batch", `{"writeKey":"sent-by-hand-0123456789","batch":[
		{"type":"identify","userId":"u_17","messageId":"h1","timestamp":"2026-03-01T09:12:00Z","traits":{"email":"mira@example.com","plan":"trial"}},
		{"type":"track","userId":"u_17","event":" Trial Started","messageId":"h2","timestamp":"2026-03-01T09:12:04Z","properties":{"plan":"trial"}},
		{"type":"track","userId":"u_17","messageId":"h3","properties":{"price":19.90,"order":9007199254740993}},
		{"type":"identify","userId":"u_17","messageId":"h4","timestamp":"yesterday","traits":{"plan":3}}]}`)
}

func pipe(ctx context.Context, root, pipeline string) error {
	if out, err := benthos(ctx, root, "run", "examples/quickstart/"+pipeline).CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w\n%s", pipeline, err, out)
	}
	return nil
}

func call(ctx context.Context, method, path, body string) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+filled+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("calling %s: %w", path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("calling %s: %s: %s", path, resp.Status, text)
	}
	return nil
}

// benthos returns a command of the binary that knows where the sandbox is.
func benthos(ctx context.Context, root string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(root, "bin", "benthos-segment"), args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "SEGMENT_ENDPOINT=http://"+filled, "DEAD_LETTERS="+os.DevNull, "INTERVAL=120ms", "COUNT=160")
	return cmd
}
