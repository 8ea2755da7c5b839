package cookbook

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fromWorkQueue(k *kitchen) {
	broker, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: k.TempDir(), NoSigs: true})
	require.NoError(k, err)
	broker.Start()
	k.Cleanup(func() { broker.Shutdown(); broker.WaitForShutdown() })
	require.True(k, broker.ReadyForConnections(time.Minute))
	conn, err := nats.Connect(broker.ClientURL())
	require.NoError(k, err)
	k.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(k, err)
	events, err := js.CreateStream(k.Context(), jetstream.StreamConfig{
		Name: "EVENTS", Subjects: []string{"events.>"}, Retention: jetstream.WorkQueuePolicy,
	})
	require.NoError(k, err)
	dead, err := js.CreateStream(k.Context(), jetstream.StreamConfig{Name: "DEAD", Subjects: []string{"dead.>"}})
	require.NoError(k, err)
	_, err = events.CreateConsumer(k.Context(), jetstream.ConsumerConfig{
		Durable: "segment", FilterSubject: "events.>", AckWait: 10 * time.Minute, MaxAckPending: 2000,
	})
	require.NoError(k, err)
	for _, line := range k.lines("input.ndjson") {
		_, err := js.Publish(k.Context(), "events.shop", []byte(line))
		require.NoError(k, err)
	}
	k.environment["NATS_URL"] = broker.ClientURL()
	k.start()

	k.await("the queue is empty", func() bool {
		info, err := events.Info(k.Context())
		return err == nil && info.State.Msgs == 0
	})
	k.compare()
	letter, err := dead.GetMsg(k.Context(), 1)
	require.NoError(k, err)
	assert.Equal(k, "event_not_defined", letter.Header.Get("Dead-Letter-Reason"))
	assert.NotEmpty(k, letter.Header.Get("Dead-Letter-Sentence"))
	assert.Equal(k, k.lines("input.ndjson")[1], string(letter.Data))
}

// subscribed notes that somebody has subscribed.
type subscribed struct {
	mqtt.HookBase
	done atomic.Bool
}

func (*subscribed) ID() string           { return "subscribed" }
func (*subscribed) Provides(b byte) bool { return b == mqtt.OnSubscribed }
func (s *subscribed) OnSubscribed(*mqtt.Client, packets.Packet, []byte) {
	s.done.Store(true)
}

func fromDevices(k *kitchen) {
	broker := mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	hook := new(subscribed)
	require.NoError(k, broker.AddHook(new(auth.AllowHook), nil))
	require.NoError(k, broker.AddHook(hook, nil))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(k, err)
	require.NoError(k, broker.AddListener(listeners.NewNet("test", listener)))
	require.NoError(k, broker.Serve())
	k.Cleanup(func() { assert.NoError(k, broker.Close()) })
	k.environment["MQTT_URL"] = "tcp://" + listener.Addr().String()
	k.start()

	k.await("it subscribes", hook.done.Load)
	for _, line := range k.lines("input.txt") {
		topic, payload, _ := bytes.Cut([]byte(line), []byte(" "))
		require.NoError(k, broker.Publish(string(topic), payload, false, 1))
	}
	k.sandbox.Wait(3)
	k.await("there are two dead letters", func() bool {
		letters, err := os.ReadFile(k.dead)
		return err == nil && bytes.Count(letters, []byte("\n")) == 2
	})
	k.compare()
}
