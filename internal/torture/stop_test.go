package main

import (
	"fmt"
	"testing"
)

func TestAProcessThatIsAskedToStopForgetsNothing(t *testing.T) {
	t.Parallel()
	w := theWorld(t, stopCalls)
	for i, p := range plights {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for n := range 2 {
				holds(t, w.stop(p.name, w.topic, p), fmt.Sprintf("stop-%d-%d", i, n))
			}
			holds(t, w.stop("from JetStream, "+p.name, w.stream, p), fmt.Sprintf("stop-jetstream-%d", i))
			holds(t, w.stop("from Redis, "+p.name, w.entries, p), fmt.Sprintf("stop-redis-%d", i))
		})
	}
}

func TestAProcessThatIsReloadedWhileHeldForgetsNothing(t *testing.T) {
	t.Parallel()
	w := theWorld(t, stopCalls)
	for name, connect := range map[string]connector{"jetstream": w.stream, "redis": w.entries} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, w.reload("reloaded while held, "+name, connect), "reload-"+name)
		})
	}
}
