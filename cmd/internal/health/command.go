// Package health is the command that asks a running process whether it is
// well, for images that have neither a shell nor curl.
package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
)

// Command returns the command, which asks at an address unless another one is
// named.
func Command(preset string) *cli.Command {
	return &cli.Command{
		Name:      "health",
		Category:  command.CategoryPipelines,
		Usage:     "Ask a process that runs on this machine whether it is well",
		ArgsUsage: "[URL]",
		Description: `Asks ` + preset + ` or another URL. Exits with 0 if the
answer is a 2xx, with 1 if it is another one or there is none, and with 2 if the
URL is not valid. It is the health check of the image.`,
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "timeout", Value: 3 * time.Second, Usage: "wait this `TIME` for the answer"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return fmt.Errorf("health takes one URL, not %d", c.NArg())
			}
			address := preset
			if c.Args().Present() {
				address = c.Args().First()
			}
			return ask(c.Context, address, c.Duration("timeout"), c.App.Writer)
		},
	}
}

// client asks the process itself, by no proxy and nobody else's redirect.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func ask(ctx context.Context, address string, timeout time.Duration, w io.Writer) error {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return fmt.Errorf("%q is not a URL such as http://127.0.0.1:4195/ping", address)
	}
	if timeout <= 0 {
		return errors.New("--timeout must be above 0")
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return command.Found(fmt.Errorf("nothing answers: %w", err))
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return command.Found(fmt.Errorf("%s answers %s: %s", target.Redacted(), answer.Status, beginning(answer.Body)))
	}
	fmt.Fprintf(w, "%s answers %s\n", target.Redacted(), answer.Status)
	return nil
}

// beginning is the first line of an answer, such as what the engine says of an
// input that is not connected.
func beginning(body io.Reader) string {
	text, err := io.ReadAll(io.LimitReader(body, 500))
	if err != nil {
		return "the answer breaks off"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line
}
