package brokers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/torture/ordeal"
)

// natsVariable makes this program a NATS server with that configuration.
const natsVariable = "E2E_NATS_CONFIG"

// ServeIfAsked is for programs that start brokers: where this one was started as
// a NATS server, it is one until it is killed.
func ServeIfAsked() {
	file, exists := os.LookupEnv(natsVariable)
	if !exists {
		return
	}
	if err := serveNATS(file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	select {}
}

func serveNATS(file string) error {
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	s, err := server.NewServer(options)
	if err != nil {
		return fmt.Errorf("making a NATS server: %w", err)
	}
	s.ConfigureLogger()
	s.Start()
	return nil
}

// natsServers is one NATS server with JetStream, or a cluster of three.
type natsServers struct {
	nodes []*service.Service
	// consumer is how the events of a feed are read.
	consumer natsConsumer
	// struck is the node that was killed last.
	struck *service.Service
	leader func(ctx context.Context) string
}

// natsConsumer says how the pipeline reads.
type natsConsumer struct {
	// core is without JetStream.
	core bool
	// pull has a consumer that is asked for events, made beforehand.
	pull    bool
	ackWait time.Duration
}

// natsWith starts NATS servers: Debian's, or that of the module that this
// project tests with.
func natsWith(isDebians bool, nodes int, settings string, consumer natsConsumer) starter {
	return func(ctx context.Context, folder string) (system, error) {
		n := &natsServers{consumer: consumer}
		var clients, routes []string
		for range nodes {
			for _, list := range []*[]string{&clients, &routes} {
				port, err := ordeal.FreePort()
				if err != nil {
					return nil, err
				}
				*list = append(*list, strconv.Itoa(port))
			}
		}
		for i := range nodes {
			node, err := natsNode(folder, isDebians, i, clients, routes, settings)
			if err != nil {
				return nil, err
			}
			n.nodes = append(n.nodes, node)
		}
		return n, n.Start(ctx)
	}
}

func natsNode(folder string, isDebians bool, i int, clients, routes []string, settings string) (*service.Service, error) {
	name := fmt.Sprintf("nats-%d", i)
	text := fmt.Sprintf("listen: \"127.0.0.1:%s\"\nserver_name: %s\njetstream { store_dir: %q, max_mem: 64MB, max_file: 4GB\n%s }\n", clients[i], name, filepath.Join(folder, dataFolder, name), settings)
	if len(clients) > 1 {
		text += fmt.Sprintf("cluster { name: e2e, listen: \"127.0.0.1:%s\", routes: [%s] }\n", routes[i], urls("nats-route", routes))
	}
	file := filepath.Join(folder, name+".conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("configuring NATS: %w", err)
	}
	port, err := strconv.Atoi(clients[i])
	if err != nil {
		return nil, err
	}
	config := service.Config{Name: name, Folder: folder, Port: port}
	if isDebians {
		config.Path, config.Args = needs.NATS.Path(), []string{"--config", file}
		return service.New(config), nil
	}
	if config.Path, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("looking for ourselves: %w", err)
	}
	config.Env = map[string]string{natsVariable: file, needs.ProjectVariable: needs.Project()}
	return service.New(config), nil
}

func urls(scheme string, ports []string) string {
	list := make([]string, len(ports))
	for i, port := range ports {
		list[i] = scheme + "://127.0.0.1:" + port
	}
	return strings.Join(list, ",")
}

// Start starts what does not run, and waits until JetStream takes requests.
func (n *natsServers) Start(ctx context.Context) error {
	if err := service.StartTogether(ctx, n.nodes...); err != nil {
		return err
	}
	conn, err := nats.Connect(n.url())
	if err != nil {
		return fmt.Errorf("connecting to NATS: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("asking for JetStream: %w", err)
	}
	return insist(ctx, func(ctx context.Context) error {
		_, err := js.AccountInfo(ctx)
		return err
	})
}

// insist asks again: while a cluster looks for a leader, nobody answers.
func insist(ctx context.Context, ask func(context.Context) error) error {
	for {
		asking, cancel := context.WithTimeout(ctx, natsPatience)
		err := ask(asking)
		cancel()
		if err == nil {
			return nil
		}
		if !ordeal.Wait(ctx, glance) {
			return fmt.Errorf("waiting for JetStream: %w: %w", ctx.Err(), err)
		}
	}
}

// natsPatience is how long an answer may take before one asks again.
const natsPatience = 2 * time.Second

// Kill kills the server, or of a cluster the one that leads the stream.
func (n *natsServers) Kill() {
	n.struck = n.nodes[0]
	if n.leader != nil {
		// Without an answer, the first is as good as any.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		name := n.leader(ctx)
		for _, node := range n.nodes {
			if node.Name == name {
				n.struck = node
			}
		}
	}
	n.struck.Kill()
}

func (n *natsServers) Killed() error { return n.struck.Killed() }

func (n *natsServers) KeepLog(folder string) (path string, err error) {
	for _, node := range n.nodes {
		var failed error
		path, failed = node.KeepLog(folder)
		err = errors.Join(err, failed)
	}
	return path, err
}

func (n *natsServers) close() {
	for _, node := range n.nodes {
		node.Kill()
	}
}

func (n *natsServers) url() string {
	list := make([]string, len(n.nodes))
	for i, node := range n.nodes {
		list[i] = "nats://" + node.Address()
	}
	return strings.Join(list, ",")
}
