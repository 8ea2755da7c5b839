// Command screenshot takes the picture of the debugger page that the README
// shows: the demo's events, some traffic, and one call open.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"benthos-segment/internal/sandbox/pagetest"
)

const address = "127.0.0.1:18766"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: screenshot <root of the repository>")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	sandbox := benthos(ctx, root, "sandbox", "--listen", address)
	if err := sandbox.Start(); err != nil {
		return fmt.Errorf("starting the sandbox: %w", err)
	}
	defer func() {
		_ = sandbox.Process.Kill()
		_ = sandbox.Wait()
	}()
	if err := ready(ctx); err != nil {
		return err
	}
	for _, pipeline := range []string{"pipeline.yaml", "traffic.yaml"} {
		if out, err := benthos(ctx, root, "run", "examples/quickstart/"+pipeline).CombinedOutput(); err != nil {
			return fmt.Errorf("running %s: %w\n%s", pipeline, err, out)
		}
	}
	picture, err := take(ctx)
	if err != nil {
		return fmt.Errorf("taking the picture: %w", err)
	}
	return os.WriteFile(filepath.Join(root, "docs", "sandbox.png"), picture, 0o644)
}

// benthos returns a command of the binary that knows where the sandbox is.
func benthos(ctx context.Context, root string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(root, "bin", "benthos-segment"), args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "SEGMENT_ENDPOINT=http://"+address, "DEAD_LETTERS="+os.DevNull, "INTERVAL=120ms", "COUNT=160")
	return cmd
}

func ready(ctx context.Context) error {
	for {
		resp, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			return resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the sandbox: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func take(ctx context.Context) ([]byte, error) {
	path, err := pagetest.FindChromium()
	if err != nil {
		return nil, err
	}
	browser, stop, err := pagetest.StartChromium(ctx, path)
	if err != nil {
		return nil, err
	}
	defer stop()
	light := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}},
		})
		return err
	})
	if err := chromedp.Do(
		browser,
		chromedp.EmulateViewport(1280, 800), light,
		chromedp.Navigate("http://"+address+"/"),
		chromedp.Click(chromedp.CSS(".row.bad")),
		chromedp.WaitVisible(chromedp.CSS(".detail pre")),
		// The counters come within a second.
		chromedp.Sleep(1500*time.Millisecond),
	); err != nil {
		return nil, err
	}
	return chromedp.Run(browser, chromedp.CaptureScreenshot())
}
