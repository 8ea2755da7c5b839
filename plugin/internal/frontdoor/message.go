package frontdoor

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/gateway"
)

// The metadata of each event. The output reads metaDialect.
const (
	metaWriteKey   = "segment_write_key"
	metaDialect    = "segment_dialect"
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
		{metaDialect, event.Dialect},
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
