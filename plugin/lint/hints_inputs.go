package lint

import (
	"cmp"
	"fmt"
	"time"

	"gopkg.in/yaml.v3"
)

// inputHints looks at where the events come from.
func inputHints(d document, outputs []placed) (hints []finding) {
	batch := largestBatch(outputs)
	for _, section := range d.sections("input", "input_resources") {
		walk(section, nil, func(p placed) {
			hints = append(hints, gatheringHints(p)...)
			if !isPrepared(d, p, batch) {
				hints = append(hints, receiptHints(p)...)
			}
			hints = append(hints, replayHints(p)...)
			hints = append(hints, pendingHints(p, batch)...)
			hints = append(hints, ackWaitHints(p)...)
		})
	}
	return hints
}

// gatheringHints looks for inputs that gather events into batches with the
// engine's batcher: docs/engine.md. It is in these two and nowhere else.
func gatheringHints(in placed) []finding {
	const lost = "acknowledges events that were not sent when the process is stopped while Segment cannot be reached: " +
		"they are lost; gather at the output instead, with batching of segment"
	switch in.key.Value {
	case "batched":
		if member(in.value, "child") != nil {
			return []finding{hint(in.key, "batched "+lost)}
		}
	case "broker":
		if batching := keyOf(in.value, "batching"); gathers(member(in.value, "batching")) {
			return []finding{hint(batching, "batching of the input broker "+lost)}
		}
	}
	return nil
}

// gathers says whether a batching policy does anything.
func gathers(policy *yaml.Node) bool {
	for key, value := range members(policy) {
		if key.Value == "processors" && len(listed(value)) > 0 {
			return true
		}
		if set := scalar(value); key.Value != "processors" && set != "" && set != "0" {
			return true
		}
	}
	return false
}

// onReceipt are inputs that keep nothing for a process that stops, and what to
// do instead.
var onReceipt = map[string]string{
	"mqtt": "mqtt acknowledges an event when it is read, at any QoS: what is in hand when the process stops is lost. Behind it, the buffer " +
		"journal keeps all but the last moment; RabbitMQ, which takes MQTT and is read by amqp_0_9, loses nothing",
	"redis_list":   "redis_list takes an event off its list when it is read: what is in hand when the process stops is lost; use redis_streams",
	"redis_pubsub": "redis_pubsub keeps nothing: what is in hand when the process stops, and what comes while it is down, is lost; use redis_streams",
	"nats":         "nats keeps nothing: what is in hand when the process stops, and what comes while it is down, is lost; use nats_jetstream",
}

// isPrepared says whether a pipeline reads MQTT and does what can be done about
// it: the journal behind it, or one event at a time from a session that the
// broker keeps.
func isPrepared(d document, in placed, batch int) bool {
	if in.key.Value != "mqtt" {
		return false
	}
	isKept := scalar(member(in.value, "clean_session")) == "false"
	return isKept && (batch == 1 || member(d.section("buffer"), "journal") != nil)
}

func receiptHints(in placed) []finding {
	if in.value.Kind != yaml.MappingNode {
		return nil
	}
	if said, exists := onReceipt[in.key.Value]; exists {
		return []finding{hint(in.key, said)}
	}
	if autoAck := member(in.value, "auto_ack"); in.key.Value == "amqp_0_9" && scalar(autoAck) == "true" {
		return []finding{hint(autoAck, "auto_ack acknowledges an event when it is read: what is in hand when the process stops is lost; leave it out")}
	}
	return nil
}

// replayHints looks for an input that deletes what was not accepted.
func replayHints(in placed) []finding {
	replay := member(in.value, "auto_replay_nacks")
	if scalar(replay) != "false" {
		return nil
	}
	return []finding{hint(replay, "auto_replay_nacks: false deletes events that are not accepted, as when the process is "+
		"stopped while Segment cannot be reached; leave it out")}
}

// pending names the field that bounds how many events of an input may be
// unacknowledged, and its default.
type pending struct {
	field  string
	preset int
}

var pendings = map[string]pending{
	"amqp_0_9":       {"prefetch_count", 10},
	"nats_jetstream": {"max_ack_pending", 1024},
	"nats_stream":    {"max_inflight", 1024},
}

// pendingHints looks for an input that cannot fill a batch.
func pendingHints(in placed, batch int) []finding {
	bound, exists := pendings[in.key.Value]
	if !exists || in.value.Kind != yaml.MappingNode || isBound(in.value) {
		return nil
	}
	field := member(in.value, bound.field)
	n, isKnown := number(field, bound.preset)
	if !isKnown || n < 1 || n >= batch {
		return nil
	}
	return []finding{hint(cmp.Or(field, in.key), fmt.Sprintf("%s is %d and a batch of the output has up to %d events: no batch is ever full, "+
		"and each waits until batching.period is over. Set %s to several times batching.count, for the batches under way and the one being filled",
		bound.field, n, batch, bound.field))}
}

// isBound says whether the consumer of JetStream was made before, with
// settings of its own.
func isBound(jetStream *yaml.Node) bool { return scalar(member(jetStream, "bind")) == "true" }

const (
	// minAckWait is what Segment may ask for with Retry-After, and how long the
	// output may wait between two tries of a wrong set-up.
	minAckWait = 300 * time.Second
	// presetAckWait is the default of the input.
	presetAckWait = 30 * time.Second
)

// ackWaitHints looks for an input that delivers again what is still being tried.
func ackWaitHints(in placed) []finding {
	if in.key.Value != "nats_jetstream" || in.value.Kind != yaml.MappingNode || isBound(in.value) {
		return nil
	}
	field := member(in.value, "ack_wait")
	wait, isKnown := duration(field, presetAckWait)
	if !isKnown || wait >= minAckWait {
		return nil
	}
	return []finding{hint(cmp.Or(field, in.key), fmt.Sprintf("ack_wait is %s: while Segment cannot be reached for longer, JetStream delivers "+
		"everything that is pending again, each time that it passes, and all of it is sent. Set it to 10m, or make a pull consumer and set "+
		"bind: true, as config/eu.yaml says", wait))}
}

// presetBatch is the batching.count of a segment output that sets none.
const presetBatch = 500

// largestBatch returns how many events a batch of the outputs may have, and 0
// where no count bounds it.
func largestBatch(outputs []placed) (largest int) {
	for _, out := range outputs {
		batching := member(out.value, "batching")
		count, isKnown := number(member(batching, "count"), 0)
		if !isKnown {
			continue
		}
		if count == 0 && !gathersOtherwise(batching) {
			count = presetBatch
		}
		largest = max(largest, count)
	}
	return largest
}

// gathersOtherwise says whether a policy ends batches by something else than
// their number.
func gathersOtherwise(batching *yaml.Node) bool {
	bytes, _ := number(member(batching, "byte_size"), 0)
	return bytes > 0 || scalar(member(batching, "check")) != ""
}
