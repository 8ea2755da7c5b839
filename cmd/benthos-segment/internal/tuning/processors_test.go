package tuning

import (
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOneProcessorIsNotEnough(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	t.Setenv("GOMAXPROCS", "1")

	runtime.GOMAXPROCS(1)
	Processors()
	assert.Equal(t, 1, runtime.GOMAXPROCS(0), "whoever sets it has it set")

	require.NoError(t, os.Unsetenv("GOMAXPROCS"))
	Processors()
	assert.Equal(t, 2, runtime.GOMAXPROCS(0))

	runtime.GOMAXPROCS(3)
	Processors()
	assert.Equal(t, 3, runtime.GOMAXPROCS(0), "more is left alone")
}
