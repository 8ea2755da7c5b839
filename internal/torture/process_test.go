package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
)

// script is a program that takes the place of the product.
func script(t *testing.T, lines string) ordeal.Binary {
	t.Helper()
	path := filepath.Join(t.TempDir(), "product")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o700))
	return ordeal.Binary{Path: path}
}

func TestOnlyADeathByOurSIGKILLCountsAsAKill(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]string{
		"exec sleep 60":                "",
		"echo out of luck; exit 3":     "exit status 3",
		"echo out of luck; exit 0":     "exit status 0",
		"echo out of luck; kill -9 $$": "signal: killed",
		"echo out of luck; kill -6 $$": "signal: aborted",
	} {
		p, err := script(t, lines).Run("none.yaml", nil)
		require.NoError(t, err)
		if want != "" {
			<-p.Exited
		}

		p.Kill()

		err = p.Killed()
		if want == "" {
			assert.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want, lines)
		assert.ErrorContains(t, err, "out of luck", "the error shows what it said")
	}
}

// A product that crashes by itself must not pass for one that we have killed,
// whatever moment that was to happen at.
func TestAPipelineThatCrashesByItselfEndsTheRound(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 100)
	w.product = script(t, "echo out of luck; exit 3")
	for n := range 3 {
		got, err := w.crash("crash", w.topic).Play(t.Context(), random(t), fmt.Sprintf("crash-%d", n))

		require.ErrorContains(t, err, "exit status 3")
		assert.ErrorContains(t, err, "out of luck")
		assert.Zero(t, got.Kills)
	}
}

func TestAMomentThatNeverComesIsNoKill(t *testing.T) {
	t.Parallel()
	p, err := script(t, "echo out of luck; sleep 0.2; exit 3").Run("none.yaml", nil)
	require.NoError(t, err)
	seg := ordeal.NewSegment(0, 0)
	require.NoError(t, seg.Serve(0))
	defer seg.Close()
	everything := func(ctx context.Context) error { return seg.Await(ctx, 1) }
	for _, m := range []ordeal.Moment{{After: time.Minute}, {Request: 1}} {
		assert.ErrorContains(t, m.Strike(t.Context(), p, 1, seg, everything), "exit status 3", m)
	}
}
