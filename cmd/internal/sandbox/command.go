// Package sandbox is the command that serves a local stand-in of Segment's
// Tracking API until it is stopped.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/sandbox/controlapi"
	"benthos-segment/internal/sandbox/disk"
	"benthos-segment/internal/sandbox/tokens"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/plan"
)

// Command returns the command.
func Command(version string) *cli.Command {
	return &cli.Command{
		Name:     "sandbox",
		Category: command.CategoryLocal,
		Usage:    "Serve a local stand-in of Segment's HTTP Tracking API",
		Description: `Answers as Segment does, keeps what it receives in memory or with --data on the
disk, says what Segment would have discarded and why, and fails on request. Point
an output to it with

   endpoint: http://127.0.0.1:8765

and watch what arrives at http://127.0.0.1:8765.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8765", Usage: "`ADDRESS` to listen on"},
			&cli.BoolFlag{Name: "allow-remote", Usage: "allow --listen on an address that other machines can reach; they can then read, change and delete everything"},
			&cli.StringSliceFlag{Name: "host", Usage: "another host `NAME` by which the control API may be called, such as that of a container; repeatable"},
			&cli.BoolFlag{Name: "strict", Usage: "answer 400 to a request with a call that Segment would silently discard"},
			&cli.StringSliceFlag{Name: "write-key", Usage: "accept only this write `KEY` and answer 401 to others; repeatable"},
			&cli.StringFlag{Name: "replay-to", Usage: "allow calls to be sent on to this `URL`, such as https://api.segment.io, and to no other"},
			&cli.StringFlag{Name: "oauth-public-key", Usage: "require access tokens, and grant them under /token to senders that sign with the private key that belongs to the public key in this `FILE` in PEM"},
			&cli.StringFlag{Name: "plan", Usage: "judge calls by the tracking plan in this `FILE` of JSON, and show what they break of it"},
			&cli.BoolFlag{Name: "until-eof", Usage: "stop when standard input ends, so that the sandbox does not outlive a test that has started it and holds the other end"},
			&cli.StringFlag{Name: "data", Usage: "keep what arrives in this `DIR` over restarts, with its write keys"},
			&cli.IntFlag{Name: "max-calls", Value: 10_000, Usage: "keep at most `N` calls; newer ones evict the oldest"},
			command.SizeFlag("max-bytes", 64<<20, "keep calls of at most `SIZE` in total, such as 64MB or 1GiB"),
		},
		Action: func(c *cli.Context) error { return start(c, version) },
	}
}

func start(c *cli.Context, version string) error {
	if c.Args().Present() {
		return fmt.Errorf("sandbox takes flags only, not %q", c.Args().First())
	}
	cfg, err := config(c, version)
	if err != nil {
		return err
	}
	listener, err := listen(c.String("listen"), c.Bool("allow-remote"))
	if err != nil {
		return err
	}
	endKeeping, err := keepIn(c.String("data"), &cfg, c.App.ErrWriter)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if c.Bool("until-eof") {
		// Nothing can interrupt it. The process ends first, unless the input does.
		go func() { _, _ = io.Copy(io.Discard, c.App.Reader); stop() }()
	}
	greet(c.App.ErrWriter, listener.Addr().(*net.TCPAddr), c.StringSlice("host"))
	return errors.Join(serve(ctx, sandbox.New(cfg).Server(), listener), endKeeping())
}

// keepIn lets a sandbox keep what arrives in a directory, and take up what is
// there. Without one, it keeps nothing.
func keepIn(dir string, cfg *sandbox.Config, w io.Writer) (end func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	kept, err := disk.Open(dir, func(text string) { fmt.Fprintf(w, "WARNING: --data %s: %s\n", dir, text) })
	if err != nil {
		return nil, fmt.Errorf("--data %s: %w", dir, err)
	}
	held, err := kept.Load()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--data %s: %w", dir, err), kept.Close())
	}
	cfg.Keeper, cfg.Held, cfg.Run = kept, held, kept.Run()
	return kept.Close, nil
}

// config is what the flags say.
func config(c *cli.Context, version string) (sandbox.Config, error) {
	if c.Int("max-calls") < 1 {
		return sandbox.Config{}, errors.New("--max-calls must be at least 1")
	}
	if target := c.String("replay-to"); target != "" {
		if err := controlapi.CheckReplayTo(target); err != nil {
			return sandbox.Config{}, fmt.Errorf("--replay-to: %w", err)
		}
	}
	oauth, err := oauthConfig(c.String("oauth-public-key"))
	if err != nil {
		return sandbox.Config{}, err
	}
	judge, err := planConfig(c.String("plan"))
	if err != nil {
		return sandbox.Config{}, err
	}
	return sandbox.Config{
		Plan:       judge,
		OAuth:      oauth,
		ReplayTo:   c.String("replay-to"),
		Version:    version,
		Strict:     c.Bool("strict"),
		WriteKeys:  c.StringSlice("write-key"),
		AnyAddress: c.Bool("allow-remote"),
		Hosts:      append(c.StringSlice("host"), hostOf(c.String("listen"))...),
		MaxCalls:   c.Int("max-calls"),
		MaxBytes:   command.Size(c, "max-bytes"),
	}, nil
}

// planConfig reads the tracking plan, if there is one.
func planConfig(file string) (segment.Plan, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading --plan: %w", err)
	}
	judge, err := plan.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("--plan %s: %w", file, err)
	}
	return judge, nil
}

// oauthConfig reads the public key that verifies assertions, if there is one.
func oauthConfig(file string) (*tokens.Config, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading --oauth-public-key: %w", err)
	}
	key, err := jwt.ParseRSAPublicKeyFromPEM(text)
	if err != nil {
		return nil, fmt.Errorf("--oauth-public-key %s has no RSA public key in PEM: make one with openssl rsa -in private.pem -pubout", file)
	}
	return &tokens.Config{PublicKey: key}, nil
}

// hostOf returns the host of an address, if it is one that can be called.
func hostOf(address string) []string {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || host == "" || (ip != nil && ip.IsUnspecified()) {
		return nil
	}
	return []string{host}
}

// listen opens the address. It has to be a loopback address unless
// remote ones are allowed, since the sandbox has no password.
func listen(address string, allowRemote bool) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen must be a host and a port such as 127.0.0.1:8765: %w", err)
	}
	if !allowRemote && !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("--listen %s can be reached from other machines, and whoever reaches the sandbox can read and delete its calls: listen on 127.0.0.1, or add --allow-remote if that is what you want", address)
	}
	listener, err := net.ListenTCP("tcp", tcp)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another process listens on %s: stop it, or choose another port with --listen: %w", address, err)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s, as --listen says: %w", address, err)
	}
	return listener, nil
}

// greet prints the addresses of the sandbox, and a warning if other machines can
// reach it.
func greet(w io.Writer, addr *net.TCPAddr, names []string) {
	urls := addressesOf(addr, names)
	fmt.Fprintf(w, "The sandbox listens on %s. Open it in a browser to watch. Stop it with Ctrl-C.\n", urls[0])
	for _, url := range urls[1:] {
		fmt.Fprintf(w, "  also at %s\n", url)
	}
	if !addr.IP.IsLoopback() {
		fmt.Fprintln(w, "WARNING: other machines can reach it, and it has no password: whoever reaches it can read, change and delete everything.")
	}
	fmt.Fprintf(w, "Try: curl -u my-key: %s/v1/track -d '{\"event\":\"Hello\",\"userId\":\"me\"}'\n", urls[0])
}

// addressesOf returns the URLs that lead to a listener, the nearest first. If it
// listens on all addresses of the machine, these are those of its interfaces.
func addressesOf(addr *net.TCPAddr, names []string) []string {
	var urls, hosts []string
	if addr.IP.IsUnspecified() {
		hosts = append([]string{"127.0.0.1"}, interfaceAddresses(addr.IP.To4() != nil)...)
	} else {
		urls = []string{"http://" + addr.String()}
	}
	for _, host := range append(hosts, names...) {
		urls = append(urls, "http://"+net.JoinHostPort(host, strconv.Itoa(addr.Port)))
	}
	return urls
}

// interfaceAddresses returns the addresses by which other machines reach this
// one. Link-local addresses need a zone, which browsers do not accept.
func interfaceAddresses(onlyIPv4 bool) []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var hosts []string
	for _, a := range all {
		network, isNetwork := a.(*net.IPNet)
		if !isNetwork || !network.IP.IsGlobalUnicast() || onlyIPv4 && network.IP.To4() == nil {
			continue
		}
		hosts = append(hosts, network.IP.String())
	}
	return hosts
}

// serve serves until ctx ends, and then lets the requests under way finish.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	// ctx has ended, so this needs a time of its own.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	// A browser opens connections before it uses them. They count as busy for five
	// seconds, and do not make a stop fail.
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stopping: %w", err)
	}
	_ = server.Close()
	return nil
}
