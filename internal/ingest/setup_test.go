package ingest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/ingest"
)

// What validate.ts of RudderStack's SDK for browsers insists on, the fields without
// default of Kotlin's SourceConfig, and what Swift and the older mobile SDKs read.
func TestAnSDKOfRudderStackFindsWhatItNeedsToStart(t *testing.T) {
	var doc struct {
		Source struct {
			ID, Name, WriteKey, WorkspaceID, UpdatedAt string
			Enabled                                    bool
			Destinations                               []any
			Config                                     struct {
				StatsCollection struct{ Errors, Metrics struct{ Enabled *bool } }
			}
			DataPlanes any `json:"dataplanes"`
		}
	}
	require.NoError(t, json.Unmarshal(ingest.SourceConfigDocument(`a"key`), &doc))
	assert.Equal(t, `a"key`, doc.Source.WriteKey)
	assert.NotEmpty(t, doc.Source.ID)
	assert.NotEmpty(t, doc.Source.Name)
	assert.NotEmpty(t, doc.Source.WorkspaceID)
	assert.NotEmpty(t, doc.Source.UpdatedAt)
	assert.True(t, doc.Source.Enabled)
	assert.NotNil(t, doc.Source.Destinations)
	assert.Empty(t, doc.Source.Destinations)
	require.NotNil(t, doc.Source.Config.StatsCollection.Errors.Enabled)
	assert.False(t, *doc.Source.Config.StatsCollection.Errors.Enabled)
	require.NotNil(t, doc.Source.Config.StatsCollection.Metrics.Enabled)
	assert.False(t, *doc.Source.Config.StatsCollection.Metrics.Enabled)
	assert.Nil(t, doc.Source.DataPlanes)
}

func TestAnSDKOfSegmentIsToldWhereToSend(t *testing.T) {
	at := ingest.Address{Scheme: "https", Host: "t.example.com:8443", Prefix: "/events"}
	var doc map[string]any
	require.NoError(t, json.Unmarshal(ingest.SettingsDocument("the-key", at), &doc))
	assert.NotContains(t, doc, "consentSettings", "with it events are dropped")
	assert.Equal(t, map[string]any{"sampleRate": 0.0}, doc["metrics"])
	assert.Equal(t, map[string]any{"Segment.io": map[string]any{
		"apiKey": "the-key", "apiHost": "t.example.com:8443/events/v1", "protocol": "https",
		"httpConfig": map[string]any{
			"rateLimitConfig": map[string]any{"enabled": true, "maxRetryCount": 1000.0},
			"backoffConfig":   map[string]any{"enabled": true, "maxRetryCount": 1000.0, "maxTotalBackoffDuration": 604800.0},
		},
	}}, doc["integrations"])
	for _, member := range []string{"plan", "edgeFunction", "middlewareSettings"} {
		assert.Equal(t, map[string]any{}, doc[member])
	}
}
