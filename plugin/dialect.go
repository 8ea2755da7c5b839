package plugin

import (
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
)

// metaDialect is the metadata by which an input says in whose dialect an
// event is: segment or rudderstack. An input that has seen the SDK's request
// knows better than the event itself.
const metaDialect = "segment_dialect"

// dialectOf returns what the input has said of a message. Another value says
// nothing.
func dialectOf(msg *service.Message) segment.Dialect {
	name, _ := msg.MetaGet(metaDialect)
	return segment.ParseDialect(strings.ToLower(name))
}
