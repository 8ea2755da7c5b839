package lint

import (
	"fmt"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "benthos-segment/plugin"
)

// The hint about a bound of the input compares it with the default of
// batching.count, which only the plugin knows.
func TestTheBatchThatHintsReckonWithIsTheDefault(t *testing.T) {
	view, exists := service.GlobalEnvironment().GetOutputConfig("segment")
	require.True(t, exists)
	data, err := view.TemplateData()
	require.NoError(t, err)
	for _, field := range data.Fields {
		if field.FullName == "batching" {
			assert.Contains(t, field.Description, fmt.Sprintf("`count: %d`", presetBatch))
			return
		}
	}
	assert.Fail(t, "there is no field batching")
}
