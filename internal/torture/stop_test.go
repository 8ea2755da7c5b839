package main

import (
	"fmt"
	"testing"

	"benthos-segment/internal/torture/ordeal"
)

func TestAProcessThatIsAskedToStopForgetsNothing(t *testing.T) {
	t.Parallel()
	w := theWorld(t, ordeal.StopCalls)
	for i, p := range ordeal.Plights {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for n := range 2 {
				holds(t, w.stop(p.Name, w.topic, p), fmt.Sprintf("stop-%d-%d", i, n))
			}
			holds(t, w.stop("from JetStream, "+p.Name, w.stream, p), fmt.Sprintf("stop-jetstream-%d", i))
			holds(t, w.stop("from Redis, "+p.Name, w.entries, p), fmt.Sprintf("stop-redis-%d", i))
		})
	}
}

func TestAProcessThatIsReloadedWhileHeldForgetsNothing(t *testing.T) {
	t.Parallel()
	w := theWorld(t, ordeal.StopCalls)
	for name, connect := range map[string]ordeal.Connector{"jetstream": w.stream, "redis": w.entries} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, w.reload("reloaded while held, "+name, connect), "reload-"+name)
		})
	}
}
