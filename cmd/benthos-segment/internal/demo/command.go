// Package demo is the command that shows the product at work: it sends sample
// events through the pipeline of the quickstart to a sandbox, and says what
// arrived.
package demo

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"benthos-segment/internal/sandbox"
)

// Command returns the command.
func Command(version string) *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "Send sample events to a local stand-in for Segment and show what arrived",
		Description: `Starts a sandbox, runs the pipeline of the quickstart with events of eight SDKs,
and shows what arrived and what became a dead letter. Nothing leaves this machine.

  benthos-segment demo
  benthos-segment demo --keep`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "keep", Usage: "keep the sandbox up, with more traffic to watch in a browser, until Ctrl-C"},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8765", Usage: "loopback `ADDRESS` for the sandbox; a free port, if it is not set and this one is taken"},
			&cli.StringFlag{Name: "dir", Usage: "`DIR` for the pipelines, dead letters and logs; a new temporary one, if it is not set"},
		},
		Action: func(c *cli.Context) error { return start(c, version) },
	}
}

func start(c *cli.Context, version string) error {
	if c.Args().Present() {
		return fmt.Errorf("demo takes flags only, not %q", c.Args().First())
	}
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("looking for this program, to run the pipeline with it: %w", err)
	}
	listener, err := listen(c.String("listen"), c.IsSet("listen"))
	if err != nil {
		return err
	}
	defer listener.Close()
	folder, err := folderFor(c.String("dir"))
	if err != nil {
		return fmt.Errorf("making the directory of the demo: %w", err)
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	d := &demo{
		out: c.App.Writer, binary: binary, called: os.Args[0], folder: folder,
		sandbox: sandbox.New(sandbox.Config{Version: version}),
		url:     "http://" + listener.Addr().String(),
	}
	server := d.sandbox.Server()
	go func() { _ = server.Serve(listener) }() // until it is closed
	defer server.Close()
	return d.run(ctx, c.Bool("keep"))
}

// folderFor makes a directory that only its owner can read: dead letters are
// customers' data wherever the events are real.
func folderFor(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "benthos-segment-demo-")
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// listen opens the address, or a free port where nobody asked for this one.
func listen(address string, isChosen bool) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen must be a host and a port such as 127.0.0.1:8765: %w", err)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("--listen %s can be reached from other machines, and the demo is for this one: "+
			"listen on 127.0.0.1, or use the command sandbox with --allow-remote", address)
	}
	listener, err := net.ListenTCP("tcp", tcp)
	if !isChosen && errors.Is(err, syscall.EADDRINUSE) {
		tcp.Port = 0
		listener, err = net.ListenTCP("tcp", tcp)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s, as --listen says: %w", address, err)
	}
	return listener, nil
}
