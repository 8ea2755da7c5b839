package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAProcessThatIsAskedToStopForgetsNothing(t *testing.T) {
	broker, err := startKafka("", 0)
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	for i, plight := range plights {
		t.Run(plight.name, func(t *testing.T) {
			for n := range 2 {
				name := fmt.Sprintf("stop-%d-%d", i, n)
				src, err := newTopic(t.Context(), broker.ListenAddrs()[0], name)
				require.NoError(t, err)
				round := stops{product: product, source: src, crowd: newCrowd(name, stopPeople, n == 1), plight: plight, patience: time.Minute}
				got, err := round.run(t.Context(), random(t))
				assert.NoError(t, err)
				assert.Zero(t, got.leaked)
				t.Logf("%+v", got)
			}
		})
	}
}
