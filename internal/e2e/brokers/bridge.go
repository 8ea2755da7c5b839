package brokers

import (
	"context"
	"errors"
	"fmt"

	"benthos-segment/internal/torture/ordeal"
)

// bridge is Mosquitto in front of RabbitMQ: what is published to it, it hands on
// to a queue that waits for our acknowledgement. It is Mosquitto that is killed.
type bridge struct {
	*mosquittoServer
	behind *rabbitServer
}

func bridgeInto(behind starter) starter {
	return func(ctx context.Context, folder string) (system, error) {
		rabbit, err := behind(ctx, folder)
		if err != nil {
			return nil, err
		}
		b := &bridge{behind: rabbit.(*rabbitServer)}
		front, err := mosquittoWith(1, fmt.Sprintf(bridged, b.behind.mqtt))(ctx, folder)
		if err != nil {
			b.close()
			return nil, err
		}
		b.mosquittoServer = front.(*mosquittoServer)
		return b, nil
	}
}

// bridged has Mosquitto hand on everything with QoS 1, and keep what the other
// broker has not confirmed.
const bridged = saved + `
connection rabbitmq
address 127.0.0.1:%d
topic # out 1
cleansession false
try_private false
notifications false
restart_timeout 1
remote_username guest
remote_password guest
`

func (b *bridge) KeepLog(folder string) (string, error) {
	_, err := b.behind.KeepLog(folder)
	path, failed := b.mosquittoServer.KeepLog(folder)
	return path, errors.Join(err, failed)
}

func (b *bridge) close() {
	b.behind.Kill()
	b.behind.close()
}

func (b *bridge) feed(ctx context.Context, name string) (feed, error) {
	queue, err := b.behind.feed(ctx, name)
	if err != nil {
		return nil, err
	}
	topic, err := b.mosquittoServer.feed(ctx, name)
	return &bridgedTopic{feed: queue, topic: topic}, err
}

// bridgedTopic is written at one end and read at the other.
type bridgedTopic struct {
	feed
	topic feed
}

func (t *bridgedTopic) put(ctx context.Context, events []ordeal.Event) error {
	return t.topic.put(ctx, events)
}
