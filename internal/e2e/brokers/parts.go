package brokers

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	amqp "github.com/rabbitmq/amqp091-go"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/trial"
)

// Parts has one part for each broker, and one for inputs without any.
var Parts = []trial.Part{Redis, RabbitMQ, Mosquitto, NATS, PostgreSQL, Senders}

// version says which version of a program runs.
func version(name string, p needs.Program) func(context.Context) string {
	return func(ctx context.Context) string { return name + " " + p.Version(ctx) }
}

// Redis has streams, with and without an append-only file, lists and channels.
var Redis = trial.Part{
	Name: "redis", Needs: []needs.Need{needs.Redis}, Versions: version("Redis", needs.Redis),
	Rounds: roundsOf([]input{
		redisStreams("`appendfsync always`", syncsAlways...),
		redisStreams("`appendfsync everysec`", "--appendonly", "yes", "--appendfsync", "everysec", "--save", "").in(brokerDies, powerFails).
			but(powerFails, trial.Delivery, "Redis confirms an event up to a second before it syncs it, and may refuse to start until `redis-check-aof --fix` "+
				"has repaired its file. `appendfsync always` waits for the disk."),
		redisStreams("no append-only file", "--appendonly", "no").in(brokerDies).
			but(brokerDies, trial.Delivery, "Redis starts again with its last snapshot, or with nothing. Set `appendonly yes`."),
		gathered("`redis_streams` in `batched`", "batched.yaml"),
		gathered("`redis_streams` in `broker` with `batching`", "broker.yaml"),
		input{name: "`redis_list`", pipeline: ours("redis_list.yaml"), start: redisWith(redisListed, syncsAlways...)}.
			but(processDies, trial.Delivery, takesOut).but(processHeld, trial.Delivery, takesOut),
		input{name: "`redis_list` and `journal`", pipeline: ours("redis_list_journal.yaml"), start: redisWith(redisListed, syncsAlways...)}.
			but(processDies, trial.Delivery, unsynced),
		input{name: "`redis_pubsub`", pipeline: ours("redis_pubsub.yaml"), start: redisWith(redisPublished)}.
			but(processDies, trial.Delivery, channel).but(processHeld, trial.Delivery, channel).but(brokerDies, trial.Delivery, channel),
		input{name: "`redis_pubsub` and `journal`", pipeline: ours("redis_pubsub_journal.yaml"), start: redisWith(redisPublished)}.
			but(processDies, trial.Delivery, channelInQueue).but(brokerDies, trial.Delivery, channelInQueue),
	}),
}

// syncsAlways has Redis wait for the disk.
var syncsAlways = []string{"--appendonly", "yes", "--appendfsync", "always", "--save", ""}

const (
	takesOut = "reading takes an event out of the list: what is in hand is lost. What is in the list is kept. Use `redis_streams`."
	unsynced = "what was read and not yet synced by the journal. A process that is stopped, or killed at another moment, loses nothing."
	channel  = "a channel of Redis keeps nothing: what is in hand, and what comes while no process listens, is lost. Use `redis_streams`."
	// channelInQueue is of a channel with the queue behind it.
	channelInQueue = "what comes while no process listens is lost. What is in hand is in the journal, but for what was read and not yet synced."
)

func redisStreams(name string, options ...string) input {
	return input{
		name: "`redis_streams`, " + name, pipeline: shipped("redis_streams.yaml"), positions: true, power: true,
		start: redisWith(redisStreamed, options...),
	}
}

// gathered has the engine gather at the input.
func gathered(name, pipeline string) input {
	return input{name: name, pipeline: ours(pipeline), positions: true, start: redisWith(redisStreamed, syncsAlways...)}.
		often(processHeld, 5).but(processHeld, trial.Delivery, "at a hard stop, the engine acknowledges what it gathered and never handed over, as chance decides. Gather with `batching` of the output.")
}

// RabbitMQ has quorum queues, on one node and on three, and events that come by
// MQTT.
var RabbitMQ = trial.Part{
	Name: "rabbitmq", Needs: []needs.Need{needs.RabbitMQ, needs.Erlang}, Versions: version("RabbitMQ", needs.RabbitMQ),
	Rounds: roundsOf([]input{
		{name: "`amqp_0_9`, quorum queue", pipeline: shipped("rabbitmq.yaml"), start: rabbitWith(quorum(nil), false)},
		input{
			name: "`amqp_0_9`, quorum queue with a delivery limit of 1", pipeline: shipped("rabbitmq.yaml"),
			start: rabbitWith(quorum(amqp.Table{"x-delivery-limit": 1}), false),
		}.in(processHeld).but(processHeld, trial.Delivery, "RabbitMQ drops what comes back more often than that, as with each "+
			"process that ends while it holds events. RabbitMQ 4 has a limit of 20 unless a policy says `-1`."),
		input{
			name: "`amqp_0_9`, published over MQTT", pipeline: shipped("rabbitmq.yaml"), start: rabbitWith(quorum(nil), true),
		}.in(processDies, processHeld, brokerDies),
		input{
			name: "`amqp_0_9`, quorum queue on three nodes", pipeline: shipped("rabbitmq.yaml"),
			start: rabbitClusterWith(3, quorum(nil)),
		}.in(processDies, segmentAway, leaderDies, nodeDies, allDie),
	}),
}

// quorum are the arguments of a quorum queue.
func quorum(more amqp.Table) amqp.Table {
	arguments := amqp.Table{"x-queue-type": "quorum"}
	maps.Copy(arguments, more)
	return arguments
}

// Mosquitto has sessions, which it keeps in a file.
var Mosquitto = trial.Part{
	Name: "mosquitto", Needs: []needs.Need{needs.Mosquitto, needs.RabbitMQ, needs.Erlang},
	Versions: func(ctx context.Context) string {
		return fmt.Sprintf("Mosquitto %s, RabbitMQ %s", needs.Mosquitto.Version(ctx), needs.RabbitMQ.Version(ctx))
	},
	Rounds: roundsOf([]input{
		mqttInput("`mqtt`, QoS 0", "mqtt.yaml", mosquittoWith(0, saved)).
			but(processDies, trial.Delivery, onReceipt).but(processHeld, trial.Delivery, onReceipt).
			but(brokerDies, trial.Delivery, neverKept),
		mqttInput("`mqtt`, QoS 1", "mqtt.yaml", mosquittoWith(1, saved)).
			but(processDies, trial.Delivery, onReceipt).but(processHeld, trial.Delivery, onReceipt).but(brokerDies, trial.Delivery, unsaved),
		mqttInput("`mqtt`, QoS 2", "mqtt.yaml", mosquittoWith(2, saved)).
			but(processDies, trial.Delivery, onReceipt).but(processHeld, trial.Delivery, onReceipt).but(brokerDies, trial.Delivery, unsaved),
		mqttInput("`mqtt` and `journal`, QoS 0", "", mosquittoWith(0, saved)).
			but(processDies, trial.Delivery, neverKept).but(brokerDies, trial.Delivery, neverKept),
		mqttInput("`mqtt` and `journal`, QoS 1", "", mosquittoWith(1, saved)).
			but(processDies, trial.Delivery, unsynced).but(brokerDies, trial.Delivery, unsaved),
		mqttInput("`mqtt` and `journal`, QoS 2", "", mosquittoWith(2, saved)).
			but(processDies, trial.Delivery, unsynced).but(brokerDies, trial.Delivery, unsaved),
		mqttInput("`mqtt` and `journal`, QoS 1, Mosquitto's defaults", "", mosquittoWith(1, "")).in(brokerDies).
			but(brokerDies, trial.Delivery, "Mosquitto writes its file every half hour. Set `autosave_on_changes true` and `autosave_interval 1`."),
		input{
			name: "Mosquitto, a bridge, and `amqp_0_9`", pipeline: shipped("rabbitmq.yaml"),
			start: bridgeInto(rabbitWith(quorum(nil), false)),
		}.in(processDies, processHeld, brokerDies).but(brokerDies, trial.Delivery, unsaved),
	}),
}

const (
	onReceipt = "the input acknowledges on receipt, whatever the QoS. Put the buffer `journal` behind it, or RabbitMQ in front."
	neverKept = "with QoS 0, Mosquitto keeps nothing for a process that is not there. Publish and read with QoS 1."
	unsaved   = "Mosquitto confirms an event a moment before it writes its file. Publish to RabbitMQ's MQTT plugin instead."
)

// mqttInput reads by one of our pipelines, or by the one that we ship.
func mqttInput(name, pipeline string, start starter) input {
	file := shipped("mqtt_journal.yaml")
	if pipeline != "" {
		file = ours(pipeline)
	}
	return input{name: name, pipeline: file, start: start}
}

// saved has Mosquitto write its file after each change.
const saved = "autosave_on_changes true\nautosave_interval 1"

// NATS has JetStream on disk, alone and as a cluster of three.
var NATS = trial.Part{
	Name: "nats", Needs: []needs.Need{needs.NATS},
	Versions: func(ctx context.Context) string {
		return fmt.Sprintf("NATS %s, and %s of Debian", server.VERSION, needs.NATS.Version(ctx))
	},
	Rounds: roundsOf([]input{
		input{name: "`nats`", pipeline: ours("nats.yaml"), start: natsWith(false, 1, "", natsConsumer{core: true})}.
			but(processDies, trial.Delivery, keepsNothing).but(processHeld, trial.Delivery, keepsNothing).but(brokerDies, trial.Delivery, keepsNothing),
		input{name: "`nats` and `journal`", pipeline: ours("nats_journal.yaml"), start: natsWith(false, 1, "", natsConsumer{core: true})}.
			but(processDies, trial.Delivery, unheard).but(brokerDies, trial.Delivery, unheard),
		jetStream("pull consumer", false, 1, "", natsConsumer{pull: true, ackWait: soon}).in(processDies, processHeld, brokerDies, powerFails).
			but(powerFails, trial.Delivery, "NATS syncs every two minutes. With `sync_interval: always`, nothing is lost."),
		jetStream("pull consumer", false, 1, "", natsConsumer{pull: true, ackWait: later}).in(segmentAway),
		jetStream("pull consumer, `sync_interval: always`", false, 1, "sync_interval: always", natsConsumer{pull: true, ackWait: soon}).in(powerFails),
		jetStream("pull consumer, Debian's NATS", true, 1, "", natsConsumer{pull: true, ackWait: soon}).in(processDies, brokerDies),
		jetStream("pull consumer, three servers", false, 3, "", natsConsumer{pull: true, ackWait: soon}).in(processDies, brokerDies),
		jetStream("push consumer", false, 1, "", natsConsumer{ackWait: soon}).in(processDies, processHeld, brokerDies),
		jetStream("push consumer", false, 1, "", natsConsumer{ackWait: later}).in(segmentAway),
		jetStream("push consumer, `ack_wait` of a second", false, 1, "", natsConsumer{ackWait: time.Second}).in(segmentAway).
			but(segmentAway, 0, "a push consumer hands out all that is pending each time that `ack_wait` passes. Segment keeps one of each."),
		jetStream("push consumer, three servers", false, 3, "", natsConsumer{ackWait: soon}).in(brokerDies),
	}),
}

const (
	keepsNothing = "NATS without JetStream keeps nothing: what is in hand when a process dies, and what comes while none is connected, is lost. Use JetStream."
	unheard      = "what comes while no process listens is lost. What a process has in hand is delivered, where it is not killed before the journal has it. Use JetStream."
)

const (
	// soon is when what a dead process had in hand comes again, in a round that
	// waits for it. Nobody should set it so short.
	soon = 4 * time.Second
	// later is longer than Segment is away.
	later = time.Minute
)

func jetStream(name string, isDebians bool, nodes int, settings string, consumer natsConsumer) input {
	in := input{
		name: "`nats_jetstream`, " + name, pipeline: shipped("eu.yaml"), positions: true,
		start: natsWith(isDebians, nodes, settings, consumer),
		power: true,
	}
	for _, what := range []happening{processDies, processHeld, brokerDies, powerFails} {
		in = in.but(what, trial.Order, "what was in hand comes again when `ack_wait` is over, and newer events do not wait for it.")
	}
	return in
}

// PostgreSQL has a table of events that are not sent yet.
var PostgreSQL = trial.Part{
	Name: "postgres", Needs: []needs.Need{needs.PostgreSQL}, Versions: postgresVersion,
	Rounds: roundsOf([]input{{
		name: "`sql_select` of an outbox", pipeline: shipped("postgres_outbox.yaml"), positions: true, start: postgresWith(),
	}}),
}
