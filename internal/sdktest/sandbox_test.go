package sdktest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/plugin/segmenttest"
)

// Any SDK can be tried against the sandbox alone.
func TestTheSandboxTakesWhatEverySDKSends(t *testing.T) {
	for _, s := range sdks {
		t.Run(s.name, func(t *testing.T) {
			if s.language.missing != "" {
				t.Skip(s.language.missing)
			}
			t.Parallel()
			server := segmenttest.New(t)
			visit := s.visit(t, server.URL)
			for range 3 {
				visit.next()
			}
			await(t, server, visit)
			visit.leave()

			visit.check(t, callsOf(server, s), wanted{writeKey, readAsSent, s.order != never})

			for _, request := range server.Requests() {
				assert.Equal(t, 200, request.Status, "%s %s: %s", request.Method, request.Path, request.Refusal)
			}
		})
	}
}
