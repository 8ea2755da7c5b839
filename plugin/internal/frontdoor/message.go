package frontdoor

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/gateway"
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
	batch := make(service.MessageBatch, len(events))
	for i := range events {
		batch[i] = messageOf(&events[i])
	}
	return batch
}

func messageOf(event *gateway.Event) *service.Message {
	message := service.NewMessage(event.Content)
	for _, field := range [...]struct{ name, value string }{
		{metaWriteKey, event.WriteKey},
		{MetaDialect, event.Dialect},
		{metaType, event.Type},
		{metaSDK, event.Library},
		{metaSDKVersion, event.Version},
		{metaRequestIP, event.Address},
	} {
		if field.value != "" {
			message.MetaSetMut(field.name, field.value)
		}
	}
	return message
}
