package plugin_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// An SDK that gets no settings does not start, and sends nothing that could be
// refused.
func TestTheFrontDoorSaysThatAnSDKDoesNotStart(t *testing.T) {
	for _, path := range []string{"/v1/projects/nobody/settings", "/sourceConfig?writeKey=nobody"} {
		t.Run(path, func(t *testing.T) {
			d := openDoor(t, nil, (&consumer{}).build(t))
			assert.NotEqual(t, http.StatusOK, d.get(path))
			assert.Contains(t, d.said.String(), "their write key is not in write_keys")
			assert.NotContains(t, d.said.String(), "nobody")
		})
	}
}

// The engine logs its own address alone, where no SDK is welcome.
func TestTheFrontDoorSaysWhereItListens(t *testing.T) {
	d := openDoor(t, nil, (&consumer{}).build(t))
	assert.Equal(t, 1, d.said.Times("Listening for SDKs at "+d.url))
}
