package brokers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/torture/ordeal"
)

// mosquittoServer is Mosquitto, which keeps sessions in a file.
type mosquittoServer struct {
	*service.Service
	qos byte
}

// mosquittoWith starts Mosquitto with these lines in its configuration, for
// events with a quality of service.
func mosquittoWith(qos byte, lines string) starter {
	return func(ctx context.Context, folder string) (system, error) {
		port, err := ordeal.FreePort()
		if err != nil {
			return nil, err
		}
		file := filepath.Join(folder, "mosquitto.conf")
		text := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location %s/\n"+
			"max_queued_messages 0\n%s\n", port, filepath.Join(folder, dataFolder), lines)
		if os.Geteuid() == 0 {
			text += "user root\n" // as which it owns the folder
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("configuring Mosquitto: %w", err)
		}
		m := &mosquittoServer{qos: qos}
		m.Service = service.New(service.Config{
			Name: "mosquitto", Path: needs.Mosquitto.Path(), Folder: folder, Port: port, Args: []string{"-c", file},
		})
		return m, m.Start(ctx)
	}
}

func (*mosquittoServer) close() {}

func (m *mosquittoServer) feed(_ context.Context, name string) (feed, error) {
	return &mqttTopic{url: "tcp://" + m.Address(), name: name, qos: m.qos}, nil
}

// mqttPatience is how long a client waits for an answer.
const mqttPatience = time.Minute

// published sends events to a topic and waits until the broker has answered, as
// far as the quality of service has answers.
func published(url, topic string, qos byte, events []ordeal.Event) error {
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID("publisher"))
	if err := done(client.Connect()); err != nil {
		return fmt.Errorf("connecting to publish: %w", err)
	}
	defer client.Disconnect(uint(time.Second.Milliseconds()))
	for chunk := range slices.Chunk(events, unanswered) {
		tokens := make([]mqtt.Token, len(chunk))
		for i, e := range chunk {
			tokens[i] = client.Publish(topic, qos, false, e.Payload)
		}
		for _, token := range tokens {
			if err := done(token); err != nil {
				return fmt.Errorf("publishing: %w", err)
			}
		}
	}
	return nil
}

// unanswered is how many events may wait for an answer. Mosquitto breaks the
// connection of those who send more with QoS 2.
const unanswered = 20

func done(token mqtt.Token) error {
	if !token.WaitTimeout(mqttPatience) {
		return errors.New("the broker does not answer")
	}
	return token.Error()
}

// mqttTopic is a topic with the session of a pipeline. What the broker keeps
// for that, no client may ask.
type mqttTopic struct {
	url  string
	name string
	qos  byte
}

func (t *mqttTopic) env() map[string]string {
	return map[string]string{
		"MQTT_URL": t.url, "MQTT_TOPIC": t.name + "/#", "MQTT_CLIENT": t.name, "MQTT_QOS": strconv.Itoa(int(t.qos)),
	}
}

func (t *mqttTopic) put(_ context.Context, events []ordeal.Event) error {
	return published(t.url, t.name+"/events", t.qos, events)
}

func (*mqttTopic) left(context.Context) (int, error) { return 0, nil }

func (*mqttTopic) settings() []string { return nil }

func (*mqttTopic) close() {}
