package brokers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/torture/ordeal"
)

// rabbitServer is one node of RabbitMQ, and the daemon that nodes are found by.
type rabbitServer struct {
	*rabbitNode
	names *service.Service
	// arguments are those of the queue.
	arguments amqp.Table
	// byMQTT says that events are published over MQTT.
	byMQTT bool
}

// rabbitWith starts RabbitMQ, for queues with these arguments, and events that
// are published over AMQP or MQTT.
func rabbitWith(arguments amqp.Table, byMQTT bool) starter {
	return func(ctx context.Context, folder string) (_ system, err error) {
		r := &rabbitServer{arguments: arguments, byMQTT: byMQTT}
		if r.names, err = erlangNames(ctx, folder); err != nil {
			return nil, err
		}
		if r.rabbitNode, err = newRabbitNode(folder, "rabbitmq", r.names.Port); err == nil {
			err = r.configure("rabbitmq_mqtt", fmt.Sprintf("mqtt.listeners.tcp.1 = 127.0.0.1:%d\nmqtt.exchange = amq.topic\n", r.mqtt))
		}
		if err == nil {
			err = r.Start(ctx)
		}
		if err != nil {
			r.close()
			return nil, err
		}
		return r, nil
	}
}

func (r *rabbitServer) close() { r.names.Kill() }

// feed is a durable queue.
func (r *rabbitServer) feed(_ context.Context, name string) (feed, error) {
	queue := &rabbitQueue{name: name, arguments: r.arguments, reading: r.door(), writing: r.door()}
	if err := r.door().declare(name, r.arguments); err != nil || !r.byMQTT {
		return queue, err
	}
	topic := &mqttTopic{url: fmt.Sprintf("tcp://127.0.0.1:%d", r.mqtt), name: name, qos: 1}
	return &bridgedTopic{feed: queue, topic: topic}, nil
}

// erlangNames starts the daemon that Erlang's nodes are found by, and makes the
// secret that they share.
func erlangNames(ctx context.Context, folder string) (*service.Service, error) {
	port, err := ordeal.FreePort()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, ".erlang.cookie"), []byte(rand.Text()), 0o400); err != nil {
		return nil, fmt.Errorf("making a cookie: %w", err)
	}
	names := service.New(service.Config{
		Name: "epmd", Path: needs.Erlang.Path(), Folder: folder, Port: port,
		Args: []string{"-port", strconv.Itoa(port), "-address", "127.0.0.1"},
	})
	return names, names.Start(ctx)
}

// rabbitNode is one node, alone or of a cluster.
type rabbitNode struct {
	*service.Service
	// erlang is its name among nodes.
	erlang string
	mqtt   int
}

// newRabbitNode makes a node that keeps its files in a folder of its name, and
// its data with all others.
func newRabbitNode(folder, name string, names int) (*rabbitNode, error) {
	var ports [3]int
	for i := range ports {
		port, err := ordeal.FreePort()
		if err != nil {
			return nil, err
		}
		ports[i] = port
	}
	own, data := filepath.Join(folder, name), filepath.Join(folder, dataFolder, name)
	if err := errors.Join(os.Mkdir(own, 0o755), os.Mkdir(data, 0o755)); err != nil {
		return nil, fmt.Errorf("making folders for RabbitMQ: %w", err)
	}
	n := &rabbitNode{mqtt: ports[1], erlang: "e2e" + strconv.Itoa(ports[0]) + "@localhost"}
	env := erlangEnv(folder, names)
	maps.Copy(env, map[string]string{
		"RABBITMQ_NODENAME":             n.erlang,
		"RABBITMQ_NODE_IP_ADDRESS":      "127.0.0.1",
		"RABBITMQ_NODE_PORT":            strconv.Itoa(ports[0]),
		"RABBITMQ_DIST_PORT":            strconv.Itoa(ports[2]),
		"RABBITMQ_CONFIG_FILE":          filepath.Join(own, "rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE": filepath.Join(own, "plugins"),
		"RABBITMQ_MNESIA_BASE":          data,
		"RABBITMQ_LOGS":                 "-",
		"RABBITMQ_LOG_BASE":             own,    // where it still keeps what it says of upgrades and crashes
		"RABBITMQ_ALLOW_INPUT":          "true", // It becomes Erlang, and has no shell around it.
		"RABBITMQ_SERVER_ERL_ARGS":      "+S 2:2 -noinput -kernel inet_dist_use_interface {127,0,0,1}",
		"RABBITMQ_FEATURE_FLAGS_FILE":   filepath.Join(data, "flags"),
		"RABBITMQ_GENERATED_CONFIG_DIR": filepath.Join(own, "config"),
		"RABBITMQ_ADVANCED_CONFIG_FILE": filepath.Join(own, "advanced.config"),
		"RABBITMQ_PLUGINS_EXPAND_DIR":   filepath.Join(own, "expanded"),
		"RABBITMQ_PID_FILE":             filepath.Join(own, "pid"),
	})
	n.Service = service.New(service.Config{
		Name: name, Path: needs.RabbitMQ.Path(), Folder: own, Port: ports[0], Env: env,
		Ready: func(context.Context) error {
			conn, err := n.door().dial()
			if err != nil {
				return err
			}
			return conn.Close()
		},
	})
	return n, nil
}

// erlangEnv is what programs of Erlang need to know to find each other.
func erlangEnv(folder string, names int) map[string]string {
	return map[string]string{
		"HOME":          folder, // for the cookie
		"ERL_EPMD_PORT": strconv.Itoa(names),
	}
}

// configure writes the files that the node reads: its plugins, and lines.
func (n *rabbitNode) configure(plugins, lines string) error {
	files := map[string]string{
		"plugins":       "[" + plugins + "].\n",
		"rabbitmq.conf": "log.console.level = warning\n" + lines,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(n.Folder, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("configuring RabbitMQ: %w", err)
		}
	}
	return nil
}

func (n *rabbitNode) door() amqpDoor { return amqpDoor{"amqp://guest:guest@" + n.Address() + "/"} }
