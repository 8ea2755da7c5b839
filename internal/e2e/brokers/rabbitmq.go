package brokers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/torture/ordeal"
)

// rabbitServer is RabbitMQ, and the daemon that Erlang's nodes are found by.
type rabbitServer struct {
	*service.Service
	names *service.Service
	mqtt  int
	// arguments are those of the queue.
	arguments amqp.Table
	// byMQTT says that events are published over MQTT.
	byMQTT bool
}

// rabbitWith starts RabbitMQ, for queues with these arguments, and events that
// are published over AMQP or MQTT.
func rabbitWith(arguments amqp.Table, byMQTT bool) starter {
	return func(ctx context.Context, folder string) (system, error) {
		var ports [4]int
		for i := range ports {
			port, err := ordeal.FreePort()
			if err != nil {
				return nil, err
			}
			ports[i] = port
		}
		r := &rabbitServer{arguments: arguments, byMQTT: byMQTT, mqtt: ports[1]}
		if err := r.configure(folder); err != nil {
			return nil, err
		}
		r.names = service.New(service.Config{
			Name: "epmd", Path: needs.Erlang.Path(), Folder: folder, Port: ports[2],
			Args: []string{"-port", strconv.Itoa(ports[2]), "-address", "127.0.0.1"},
		})
		if err := r.names.Start(ctx); err != nil {
			return nil, err
		}
		r.Service = service.New(service.Config{
			Name: "rabbitmq", Path: needs.RabbitMQ.Path(), Folder: folder, Port: ports[0],
			Env: map[string]string{
				"HOME":                          folder, // for the cookie of Erlang
				"ERL_EPMD_PORT":                 strconv.Itoa(ports[2]),
				"RABBITMQ_NODENAME":             "e2e" + strconv.Itoa(ports[0]) + "@localhost",
				"RABBITMQ_NODE_IP_ADDRESS":      "127.0.0.1",
				"RABBITMQ_NODE_PORT":            strconv.Itoa(ports[0]),
				"RABBITMQ_DIST_PORT":            strconv.Itoa(ports[3]),
				"RABBITMQ_CONFIG_FILE":          filepath.Join(folder, "rabbitmq.conf"),
				"RABBITMQ_ENABLED_PLUGINS_FILE": filepath.Join(folder, "plugins"),
				"RABBITMQ_MNESIA_BASE":          filepath.Join(folder, dataFolder),
				"RABBITMQ_LOGS":                 "-",
				"RABBITMQ_ALLOW_INPUT":          "true", // It becomes Erlang, and has no shell around it.
				"RABBITMQ_SERVER_ERL_ARGS":      "+S 2:2 -noinput",
				"RABBITMQ_FEATURE_FLAGS_FILE":   filepath.Join(folder, dataFolder, "flags"),
				"RABBITMQ_GENERATED_CONFIG_DIR": filepath.Join(folder, "config"),
				"RABBITMQ_ADVANCED_CONFIG_FILE": filepath.Join(folder, "advanced.config"),
				"RABBITMQ_PLUGINS_EXPAND_DIR":   filepath.Join(folder, "expanded"),
				"RABBITMQ_PID_FILE":             filepath.Join(folder, "pid"),
			},
			Ready: func(context.Context) error {
				conn, err := r.dial()
				if err != nil {
					return err
				}
				return conn.Close()
			},
		})
		if err := r.Start(ctx); err != nil {
			r.close()
			return nil, err
		}
		return r, nil
	}
}

// configure writes the files that the node reads.
func (r *rabbitServer) configure(folder string) error {
	files := map[string]string{
		"plugins": "[rabbitmq_mqtt].\n",
		"rabbitmq.conf": fmt.Sprintf("mqtt.listeners.tcp.1 = 127.0.0.1:%d\nmqtt.exchange = amq.topic\n"+
			"log.console.level = warning\n", r.mqtt),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("configuring RabbitMQ: %w", err)
		}
	}
	return nil
}

func (r *rabbitServer) url() string { return "amqp://guest:guest@" + r.Address() + "/" }

func (r *rabbitServer) dial() (*amqp.Connection, error) {
	conn, err := amqp.Dial(r.url())
	if err != nil {
		return nil, fmt.Errorf("connecting to RabbitMQ: %w", err)
	}
	return conn, nil
}

// with does something on a channel of its own: the last one may have died with
// the server.
func (r *rabbitServer) with(do func(*amqp.Channel) error) error {
	conn, err := r.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		return fmt.Errorf("opening a channel: %w", err)
	}
	return do(channel)
}

func (r *rabbitServer) close() { r.names.Kill() }

// feed is a durable queue, and one for dead letters.
func (r *rabbitServer) feed(_ context.Context, name string) (feed, error) {
	err := r.with(func(c *amqp.Channel) error {
		if _, err := c.QueueDeclare(name, true, false, false, false, r.arguments); err != nil {
			return fmt.Errorf("making a queue: %w", err)
		}
		if err := c.QueueBind(name, name+".#", "amq.topic", false, nil); err != nil {
			return fmt.Errorf("binding a queue: %w", err)
		}
		if _, err := c.QueueDeclare(name+"-dead", true, false, false, false, nil); err != nil {
			return fmt.Errorf("making a queue: %w", err)
		}
		return nil
	})
	if err != nil || !r.byMQTT {
		return &rabbitQueue{server: r, name: name}, err
	}
	topic := &mqttTopic{url: fmt.Sprintf("tcp://127.0.0.1:%d", r.mqtt), name: name, qos: 1}
	return &bridgedTopic{feed: &rabbitQueue{server: r, name: name}, topic: topic}, nil
}

type rabbitQueue struct {
	server *rabbitServer
	name   string
}

func (q *rabbitQueue) env() map[string]string {
	return map[string]string{"AMQP_URL": q.server.url(), "AMQP_QUEUE": q.name, "AMQP_DEAD_LETTERS": q.name + "-dead"}
}

// put publishes events and waits until RabbitMQ has confirmed each.
func (q *rabbitQueue) put(ctx context.Context, events []ordeal.Event) error {
	return q.server.with(func(c *amqp.Channel) error {
		if err := c.Confirm(false); err != nil {
			return fmt.Errorf("asking for confirms: %w", err)
		}
		confirms := make([]*amqp.DeferredConfirmation, len(events))
		for i, e := range events {
			var err error
			confirms[i], err = c.PublishWithDeferredConfirmWithContext(ctx, "", q.name, true, false, amqp.Publishing{
				DeliveryMode: amqp.Persistent, Body: e.Payload,
			})
			if err != nil {
				return fmt.Errorf("publishing: %w", err)
			}
		}
		for _, confirm := range confirms {
			if ok, err := confirm.WaitContext(ctx); err != nil || !ok {
				return errors.Join(errors.New("publishing: RabbitMQ did not confirm an event"), err)
			}
		}
		return nil
	})
}

// left counts what is not handed out. What is in hand only the server knows.
func (q *rabbitQueue) left(context.Context) (n int, err error) {
	err = q.server.with(func(c *amqp.Channel) error {
		queue, err := c.QueueDeclarePassive(q.name, true, false, false, false, q.server.arguments)
		if err != nil {
			return fmt.Errorf("looking up the queue: %w", err)
		}
		n = queue.Messages
		return nil
	})
	return n, err
}

func (*rabbitQueue) settings() []string { return nil }

func (*rabbitQueue) close() {}
