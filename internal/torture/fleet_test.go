package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestProcessesShareTheWorkAndComeAndGo(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 10_000)
	for kind, r := range map[string]round{
		"group":      w.group(),
		"partitions": w.partitions(),
		"consumer":   w.consumer(),
	} {
		got := holds(t, r, kind)
		assert.Greater(t, len(got.shares), 1)
	}
}
