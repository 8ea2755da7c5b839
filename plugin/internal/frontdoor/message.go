package frontdoor

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/gateway"
	"benthos-segment/plugin/internal/alike"
)

// MetaDialect is the metadata by which an input says in whose dialect an event is:
// segment or rudderstack. The output reads it.
const MetaDialect = "segment_dialect"

// The other metadata of each event.
const (
	metaWriteKey   = "segment_write_key"
	metaType       = "segment_type"
	metaSDK        = "segment_sdk"
	metaSDKVersion = "segment_sdk_version"
	metaRequestIP  = "segment_request_ip"
)

// messagesOf makes a message of each event.
func messagesOf(events []gateway.Event) service.MessageBatch {
	var maker alike.Maker[gateway.Origin]
	batch := make(service.MessageBatch, len(events))
	for i := range events {
		message, isFirst := maker.Message(events[i].Content, events[i].Origin)
		if isFirst {
			describe(message, &events[i].Origin)
		}
		batch[i] = message
	}
	return batch
}

func describe(message *service.Message, from *gateway.Origin) {
	for _, field := range [...]struct{ name, value string }{
		{metaWriteKey, from.WriteKey},
		{MetaDialect, from.Dialect},
		{metaType, from.Type},
		{metaSDK, from.Library},
		{metaSDKVersion, from.Version},
		{metaRequestIP, from.Address},
	} {
		if field.value != "" {
			message.MetaSetMut(field.name, field.value)
		}
	}
}
