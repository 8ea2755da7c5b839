package sdktest

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Reported: a call is lost where its page is left at once, as by a link to another
// site. https://github.com/rudderlabs/rudder-sdk-js/issues/1614
//
// Both SDKs have a mode in which the browser finishes what they began. A preflight
// would come too late.
func TestAPageThatIsLeftSendsWhatItHolds(t *testing.T) {
	for _, name := range []string{"rudderstack-web-beacon", "segment-web-batch"} {
		t.Run(name, func(t *testing.T) {
			s := sdks[slices.IndexFunc(sdks, func(s sdk) bool { return s.name == name })]
			if s.language.missing != "" {
				t.Skip(s.language.missing)
			}
			s.isPatient = true
			server := segmenttest.New(t)
			p := openPage(t, s, server.URL)
			visit := visit{sdk: s, visitor: p, rounds: 1}

			_, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](
				`loaded.then(() => round(1)).then(() => { location.href = "/"; }); true`,
			))
			require.NoError(t, err)

			await(t, server, visit)
			visit.check(t, callsOf(server, s), wanted{writeKey, readAsSent, true})
		})
	}
}
