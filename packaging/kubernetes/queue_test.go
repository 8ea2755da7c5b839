package main

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
)

// VictoriaMetrics/helm-charts#2851 is about volumes that cannot grow by an upgrade:
// docs/kubernetes.md says how they do. The queue refuses events before its volume is full, and the volume has room for
// what docs/journal.md says: a fifth more, and 300 MB.
func TestTheQueueFitsItsVolume(t *testing.T) {
	for size, want := range map[string]string{
		"20Gi": "14116557653", "1Gi": "515827882", "1.5Ti": "1099311627776", "100G": "66466666666", "10000000000": "6466666666",
		"1e10": "", // a quantity that the chart does not read: the default of the pipeline
	} {
		r := renderedWith(t, values{"mode": "frontDoor", "queue": map[string]any{"size": size}})
		got := environment(t, r.pod(t).Containers[0])["QUEUE_MAX_BYTES"]
		assert.Equal(t, want, got, size)
		if got == "" {
			continue
		}
		bytes, err := strconv.ParseInt(got, 10, 64)
		require.NoError(t, err)
		volume := resource.MustParse(size)
		assert.LessOrEqual(t, bytes*6/5+300_000_000, volume.Value(), size)
	}
	r := renderedWith(t, values{
		"mode": "frontDoor", "queue": map[string]any{"size": "5Gi"}, "env": map[string]any{"QUEUE_PATH": "/var/lib/benthos-segment"},
	})
	assert.Equal(t, "3379139413", environment(t, r.pod(t).Containers[0])["QUEUE_MAX_BYTES"], "the volume itself is the queue")
	r = renderedWith(t, values{"env": map[string]any{"QUEUE_MAX_BYTES": "5"}})
	assert.Equal(t, "5", environment(t, r.pod(t).Containers[0])["QUEUE_MAX_BYTES"], "a queue in a pipeline of somebody's own")
	for maxBytes, set := range map[string]values{
		"17000000000": {"mode": "frontDoor"},
		"50000000000": {"mode": "frontDoor", "env": map[string]any{"QUEUE_PATH": "/mnt/large/queue"}},
	} {
		set["queue"] = map[string]any{"maxBytes": maxBytes}
		assert.Equal(t, maxBytes, environment(t, renderedWith(t, set).pod(t).Containers[0])["QUEUE_MAX_BYTES"])
	}
}
