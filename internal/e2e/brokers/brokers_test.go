package brokers

import (
	"testing"

	"benthos-segment/internal/e2e/trial"
)

func TestMain(m *testing.M) {
	ServeIfAsked()
	trial.Main(m)
}

// The short form: each broker once, read by a pipeline that we ship.
func TestNothingIsLostWhenOurProcessIsKilled(t *testing.T) {
	for name, part := range map[string]trial.Part{
		"`redis_streams`, `appendfsync always`": Redis,
		"`amqp_0_9`, quorum queue":              RabbitMQ,
		"`nats_jetstream`, pull consumer":       NATS,
		"`sql_select` of an outbox":             PostgreSQL,
	} {
		t.Run(part.Name, func(t *testing.T) {
			t.Parallel()
			trial.Holds(t, part, name+": "+string(processDies), 500)
		})
	}
}
