package plugin

import (
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// origins lists the metadata by which inputs name the place of a record, for
// those brokers where a record that is read again comes from the same place.
// The last key of each list is the one that makes it an origin.
var origins = [...][]string{
	{"kafka_topic", "kafka_partition", "kafka_offset"},
	{"nats_domain", "nats_subject", "nats_sequence_stream"},
	{"redis_stream"},
}

// metaPlace is the metadata in which an input or a processor says where in what
// it reads a message stands, such as a run, a file and a line.
const metaPlace = "segment_place"

// placeOf returns that place, or an empty string.
func placeOf(msg *service.Message) string {
	place, _ := msg.MetaGet(metaPlace)
	return place
}

// originOf names the record that a message was read from, or returns an empty
// string.
func originOf(msg *service.Message) string {
	for _, keys := range origins {
		if _, exists := msg.MetaGetMut(keys[len(keys)-1]); exists {
			return originFrom(msg, keys)
		}
	}
	return ""
}

func originFrom(msg *service.Message, keys []string) string {
	var name strings.Builder
	for _, key := range keys {
		value, _ := msg.MetaGetMut(key)
		// Quotes keep the parts apart, whatever is in them.
		fmt.Fprintf(&name, "%s=%q ", key, fmt.Sprint(value))
	}
	return name.String()
}
