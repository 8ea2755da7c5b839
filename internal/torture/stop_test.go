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
				holds(t, w.stop(p.name, p), fmt.Sprintf("stop-%d-%d", i, n))
			}
		})
	}
}
