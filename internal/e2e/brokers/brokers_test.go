package brokers

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/trial"
)

func TestMain(m *testing.M) {
	ServeIfAsked()
	trial.Main(m)
}

// The short form: each broker once, read by a pipeline that we ship; and brokers
// that are written down, or have copies, survive what they go through.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		part  trial.Part
		input string
		what  happening
	}{
		{RabbitMQ, "`amqp_0_9`, quorum queue", processDies},
		{Redis, "`redis_streams`, `appendfsync always`", processDies},
		{NATS, "`nats_jetstream`, pull consumer", processDies},
		{PostgreSQL, "`sql_select` of an outbox", processDies},
		{Mosquitto, "`mqtt` and `journal`, QoS 1", processHeld},
		{Mosquitto, "`mqtt` and `journal`, QoS 2", processHeld},
		{NATS, "`nats` and `journal`", processHeld},
		{Senders, "`http_server` and `journal`", processDies},
		{RabbitMQ, "`amqp_0_9`, quorum queue on three nodes", leaderDies},
		{Redis, "`redis_streams`, `appendfsync always`", powerFails},
	} {
		round := test.input + ": " + string(test.what)
		t.Run(round, func(t *testing.T) {
			t.Parallel()
			trial.Holds(t, test.part, round, 400)
		})
	}
}

// A machine without the right to mount says so, and plays the rest.
func TestOnlyRoundsWithoutPowerNeedTheRightToMount(t *testing.T) {
	for _, r := range Redis.Rounds {
		assert.Equal(t, strings.HasSuffix(r.Name, string(powerFails)), slices.Contains(r.Needs, needs.PowerCuts), r.Name)
	}
}

// The package that brings PostgreSQL has a version like 15+248.
func TestTheVersionOfPostgreSQLIsThatOfTheProgram(t *testing.T) {
	trial.Require(t, needs.PostgreSQL)
	assert.Regexp(t, `^PostgreSQL \d+\.\d+$`, PostgreSQL.Versions(t.Context()))
}

// Flaws of an input add up, and another input that is made of it has its own.
func TestWhatCannotHoldIsSaidOfOneInput(t *testing.T) {
	in := input{name: "in"}.but(processDies, trial.Order, "It is late.")
	other := in.but(processDies, trial.Delivery, "It is lost.").in(processDies)

	rounds := other.rounds()

	require.Len(t, rounds, 1)
	assert.Equal(t, "in: our process is killed", rounds[0].Name)
	assert.Equal(t, trial.Order|trial.Delivery, rounds[0].Breaks)
	assert.Equal(t, "It is late. It is lost.", rounds[0].Note)
	assert.Equal(t, trial.Order, in.rounds()[0].Breaks)
}
