// Package outcomes reads the configuration of what an output shows of its last
// calls.
package outcomes

import (
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/recorder"
)

const (
	fieldOutcomes    = "outcomes"
	fieldAddress     = "address"
	fieldCalls       = "calls"
	fieldAllowRemote = "allow_remote"

	defaultCalls = 1000
)

// Field describes the configuration.
func Field() *service.ConfigField {
	return service.NewObjectField(
		fieldOutcomes,
		service.NewStringField(fieldAddress).
			Description("The address to show them at, a host and a port. Empty keeps and shows nothing.").
			Default("").
			Example("127.0.0.1:4196"),
		service.NewIntField(fieldCalls).
			Description("How many calls are kept, at most 64 MB of them.").
			Default(defaultCalls),
		service.NewBoolField(fieldAllowRemote).
			Description("Allow an `address` that other machines can reach. There is no password: whoever reaches it reads the events.").
			Default(false),
	).
		Description("Keeps the last calls in memory, with what became of them, and shows them on this machine: what was sent, what Segment answered, and why an event was refused. `benthos-segment tail --url http://127.0.0.1:4196` follows them in a terminal, and a browser shows them at that address as the page of [the sandbox](sandbox.md) does: see [in production](tail.md#in-production). Write keys are not kept; events are, as they are sent. It costs about ten microseconds of CPU for each call, and nothing when it is off. Outputs of one process, and copies of an output, may have the same address and then show their calls together.").
		Advanced()
}

// LintRule holds the checks of the configuration.
const LintRule = `
let shown_at = this.outcomes.address.or("").string().trim()
let shown_to_all = this.outcomes.allow_remote.or(false) == true
if $shown_at != "" && !$shown_at.re_match("^([^:/ ]*|\\[[0-9a-fA-F:.%]+\\]):[0-9]{1,5}$") {
  root = root.append("field outcomes.address must be a host and a port, such as 127.0.0.1:4196")
} else if $shown_at != "" && !$shown_to_all && !$shown_at.re_match("^(localhost|127(\\.[0-9]{1,3}){3}|\\[::1\\]):") {
  root = root.append("field outcomes.address can be reached from other machines, and whoever reaches it reads the events: use 127.0.0.1, or set outcomes.allow_remote if that is what you want")
}
let shown_calls = this.outcomes.calls.or(1).number().catch(1)
if $shown_calls < 1 || $shown_calls > 100000 || $shown_calls != $shown_calls.floor() {
  root = root.append("field outcomes.calls must be a whole number from 1 to 100000")
}
`

// Open returns what keeps the outcomes, or nil if nobody wants them. The check of
// the whole configuration comes before.
func Open(conf *service.ParsedConfig, version string) (*recorder.Recorder, error) {
	own := conf.Namespace(fieldOutcomes)
	address, err := own.FieldString(fieldAddress)
	if address = strings.TrimSpace(address); err != nil || address == "" {
		return nil, err
	}
	calls, err := own.FieldInt(fieldCalls)
	if err != nil {
		return nil, err
	}
	allowRemote, err := own.FieldBool(fieldAllowRemote)
	if err != nil {
		return nil, err
	}
	r, err := recorder.Open(recorder.Config{Address: address, Calls: calls, AllowRemote: allowRemote, Version: version})
	if err != nil {
		return nil, fmt.Errorf("field %s.%s: %w", fieldOutcomes, fieldAddress, err)
	}
	return r, nil
}
