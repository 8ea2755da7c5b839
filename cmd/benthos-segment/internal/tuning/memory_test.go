package tuning

import (
	"math"
	"os"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheHeapKnowsWhatTheControlGroupAllows(t *testing.T) {
	unlimited := func() (uint64, error) { return 0, memlimit.ErrNoLimit }
	unknown := func() (uint64, error) { return 0, memlimit.ErrCgroupsNotSupported }
	for name, test := range map[string]struct {
		allowed    memlimit.Provider
		goMemLimit string
		want       int64
	}{
		"limited":              {memlimit.Limit(1000 << 20), "", 900 << 20},
		"unlimited":            {unlimited, "", math.MaxInt64},
		"another system":       {unknown, "", math.MaxInt64},
		"somebody's own limit": {memlimit.Limit(1000 << 20), "300MiB", math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			before := debug.SetMemoryLimit(math.MaxInt64)
			t.Cleanup(func() { debug.SetMemoryLimit(before) })
			t.Setenv("GOMEMLIMIT", test.goMemLimit)
			if test.goMemLimit == "" {
				require.NoError(t, os.Unsetenv("GOMEMLIMIT"))
			}

			limitBy(test.allowed)
			assert.Equal(t, test.want, debug.SetMemoryLimit(-1))
		})
	}
}
