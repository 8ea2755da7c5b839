// Package tail is the command that shows calls in the terminal as they arrive:
// those that a sandbox receives, or those that a running output has sent, if it
// shows its outcomes.
package tail

import (
	"errors"
	"fmt"
	"net/url"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
	"benthos-segment/cmd/internal/command"
)

const (
	flagURL    = "url"
	flagFilter = "filter"
	flagLast   = "last"
	flagLimit  = "limit"
	flagJSON   = "json"

	// maxLast is what one request to the API may ask for.
	maxLast = 10_000
)

// Command returns the command.
func Command() *cli.Command {
	return &cli.Command{
		Name:     "tail",
		Category: command.CategoryLocal,
		Usage:    "Show calls in the terminal as they arrive",
		Description: `Shows the calls that a sandbox receives, one on each line, with what is wrong
with them, until Ctrl-C. It waits for a sandbox that is restarted. With --url it
follows a pipeline in production, whose output segment has outcomes.address:
what was sent, what came back, and why something was refused.

  benthos-segment tail
  benthos-segment tail --filter 'type:track event:"Order*" -user:42'
  benthos-segment tail --filter violation:any --limit 1
  benthos-segment tail --json --last 100 --url http://127.0.0.1:4196`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: flagURL, Value: "http://127.0.0.1:8765", Usage: "`URL` of the sandbox, or of the outcomes of an output"},
			&cli.StringFlag{Name: flagFilter, Usage: "show only the calls that match this `FILTER`, written as on the sandbox's page: type:track user:42 violation:any -path:/v1/import tea"},
			&cli.IntFlag{Name: flagLast, Value: 10, Usage: "begin with the last `N` calls that are there already"},
			&cli.IntFlag{Name: flagLimit, Usage: "end after `N` calls; 0 means never"},
			&cli.BoolFlag{Name: flagJSON, Usage: "write each call as a line of JSON, with its content as raw"},
		},
		Action: run,
	}
}

func run(c *cli.Context) error {
	conf, err := configOf(c)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	screen := terminal.Of(c.App.Writer)
	f := &follower{
		api: newClient(conf.url), filter: conf.filter, last: conf.last, limit: conf.limit,
		show: rows{screen}, say: func(text string) { fmt.Fprintln(c.App.ErrWriter, text) },
	}
	if conf.isJSON {
		f.show = lines{screen}
	}
	if err := f.follow(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// config is what the flags say.
type config struct {
	url, filter string
	last, limit int
	isJSON      bool
}

func configOf(c *cli.Context) (conf config, err error) {
	if c.Args().Present() {
		return conf, fmt.Errorf("tail takes flags only, not %q: a filter goes into --%s", c.Args().First(), flagFilter)
	}
	conf = config{filter: c.String(flagFilter), last: c.Int(flagLast), limit: c.Int(flagLimit), isJSON: c.Bool(flagJSON)}
	if conf.last < 0 || conf.last > maxLast {
		return conf, fmt.Errorf("--%s must be from 0 to %d", flagLast, maxLast)
	}
	if conf.limit < 0 {
		return conf, fmt.Errorf("--%s must be at least 1, or 0 for no limit", flagLimit)
	}
	conf.url, err = baseURL(c.String(flagURL))
	return conf, err
}

// baseURL accepts the address of the page as a browser shows it.
func baseURL(text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("--%s must be a URL such as http://127.0.0.1:8765, not %q", flagURL, text)
	}
	if u.User != nil {
		return "", errors.New("--" + flagURL + " must have no user or password: neither a sandbox nor an output asks for one")
	}
	u.RawQuery, u.Fragment, u.RawFragment = "", "", ""
	return strings.TrimRight(u.String(), "/"), nil
}
