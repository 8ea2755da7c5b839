package plugin

import (
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
	"benthos-segment/plugin/internal/frontdoor"
)

// dialectOf returns what the input has said of a message: one that has seen the
// SDK's request knows better than the event itself. Another value says nothing.
func dialectOf(msg *service.Message) segment.Dialect {
	name, _ := msg.MetaGet(frontdoor.MetaDialect)
	return segment.ParseDialect(strings.ToLower(name))
}
