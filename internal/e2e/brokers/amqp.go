package brokers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"benthos-segment/internal/torture/ordeal"
)

// amqpDoor is where clients of RabbitMQ come in: the URL of each node, of which
// the first that answers is taken.
type amqpDoor []string

// url is what a pipeline takes.
func (d amqpDoor) url() string { return strings.Join(d, ",") }

func (d amqpDoor) dial() (conn *amqp.Connection, err error) {
	for _, url := range d {
		if conn, err = amqp.Dial(url); err == nil {
			return conn, nil
		}
	}
	return nil, fmt.Errorf("connecting to RabbitMQ: %w", err)
}

// with does something on a channel of its own: the last one may have died with
// the server.
func (d amqpDoor) with(do func(*amqp.Channel) error) error {
	conn, err := d.dial()
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

// declare makes a durable queue with these arguments, which gets what is published
// over MQTT as well, and one for dead letters.
func (d amqpDoor) declare(name string, arguments amqp.Table) error {
	return d.with(func(c *amqp.Channel) error {
		if _, err := c.QueueDeclare(name, true, false, false, false, arguments); err != nil {
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
}

// rabbitQueue is a queue with what is read from it and written to it.
type rabbitQueue struct {
	name      string
	arguments amqp.Table
	// reading is for the pipeline, and writing for those who publish.
	reading, writing amqpDoor
}

func (q *rabbitQueue) env() map[string]string {
	return map[string]string{"AMQP_URL": q.reading.url(), "AMQP_QUEUE": q.name, "AMQP_DEAD_LETTERS": q.name + "-dead"}
}

// put publishes events and waits until RabbitMQ has confirmed each.
func (q *rabbitQueue) put(ctx context.Context, events []ordeal.Event) error {
	return q.writing.with(func(c *amqp.Channel) error {
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
	err = q.writing.with(func(c *amqp.Channel) error {
		queue, err := c.QueueDeclarePassive(q.name, true, false, false, false, q.arguments)
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
