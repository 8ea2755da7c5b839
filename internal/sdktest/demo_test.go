package sdktest

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What `make demo-gateway` does, with the binary of these tests.
func TestTheDemoShowsThatEveryCallOfThePageArrived(t *testing.T) {
	if browser.missing != "" {
		t.Skip(browser.missing)
	}
	demo := exec.CommandContext(t.Context(), "go", "run", "./demo", "-root", "../..", "-binary", binary(t))

	said, err := demo.CombinedOutput()

	require.NoError(t, err, "%s", said)
	for _, text := range []string{
		"11 calls of two SDKs", "which stands in for Segment\n      11 calls",
		"Segment's SDK      identify track page screen group alias\n",
	} {
		assert.Contains(t, string(said), text)
	}
}
