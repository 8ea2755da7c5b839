package plugin

import (
	"fmt"
	"net/http"

	"benthos-segment/internal/tracking"
)

// Stuck says why nothing moves, and what to do.
func (o *batchObserver) Stuck(what tracking.Trouble) {
	o.backlog.stuck(what.Answer)
	log := o.log.With("source", what.Source)
	if what.Class == tracking.Setup {
		log.Errorf("segment: holding calls, because the last attempt met %s, which points to the set-up and not to the data. "+
			"Check %s. Retrying at least every 5 minutes; no event is lost while this process runs",
			what.Answer, whatToCheck(what.Status))
		return
	}
	log.Warnf("segment: cannot deliver to Segment (%s: %s); retrying, newer events wait. "+
		"segment_oldest_unsent_seconds says for how long%s", what.Class, what.Answer, whatIsSlow(what.Unanswered))
}

// whatIsSlow says what a timeout ended, and what to do if it does so each time.
func whatIsSlow(sent tracking.Unanswered) string {
	switch {
	case sent.Timeout == 0:
		return ""
	case sent.Calls > 1:
		return fmt.Sprintf(". A request of %d events (%d bytes) got no answer within %s, the %s; if this repeats, the next ones hold fewer events",
			sent.Calls, sent.WireBytes, sent.Timeout, soFieldTimeout)
	default:
		return fmt.Sprintf(". A request of a single event (%d bytes) got no answer within %s, the %s; no request can be smaller, "+
			"so if the endpoint is only slow or far away, raise %s", sent.WireBytes, sent.Timeout, soFieldTimeout, soFieldTimeout)
	}
}

// whatToCheck names the fields to look at, likeliest first, when everything is
// answered with a status; 0 is no answer at all.
func whatToCheck(status int) string {
	if said, exists := checks[status]; exists {
		return said
	}
	if status/100 == 3 {
		return soFieldEndpoint + ": it leads to another address, and redirects are not followed, because the key would go there as well"
	}
	return soFieldEndpoint + " and " + soFieldProxyURL + ", since something in front of Segment may answer in its place, then " +
		soFieldWriteKey + " and " + soFieldRegion
}

var checks = map[int]string{
	0:                             soFieldEndpoint + ", " + soFieldTLS + ", " + soFieldProxyURL + " and " + soFieldOAuth,
	http.StatusSwitchingProtocols: soFieldEndpoint + ": what answers there speaks another protocol, such as that of a WebSocket",
	http.StatusUnauthorized:       soFieldWriteKey + " and " + soFieldRegion + ", and " + soFieldOAuth + " where the source asks for it",
	http.StatusForbidden: soFieldWriteKey + " and " + soFieldOAuth + ", and whether a firewall in front of " + soFieldEndpoint +
		" lets this machine through",
	http.StatusNotFound:         soFieldEndpoint + ": what answers there has no /v1/batch",
	http.StatusMethodNotAllowed: soFieldEndpoint + ": what answers there accepts no events; it may be a maintenance page",
	http.StatusProxyAuthRequired: soFieldProxyURL +
		": the proxy wants a user and a password",
	http.StatusLengthRequired: soFieldEndpoint + " and " + soFieldProxyURL + ": something on the way removes the length of requests",
	http.StatusUnsupportedMediaType: soFieldCompression + ": something on the way does not accept gzip, which Segment does; set it to none, or check " +
		soFieldEndpoint,
	http.StatusUpgradeRequired:      soFieldEndpoint + ": what answers there wants another protocol, such as https",
	http.StatusPreconditionRequired: soFieldEndpoint + ": what answers there is not Segment",
	http.StatusRequestHeaderFieldsTooLarge: soFieldEndpoint + " and " + soFieldProxyURL + ": something on the way accepts only short headers, and the token of " +
		soFieldOAuth + " is a long one",
	http.StatusUnavailableForLegalReasons: soFieldRegion + " and " + soFieldEndpoint + ": what answers there must not serve this machine",
	http.StatusNotImplemented:             soFieldEndpoint + ": what answers there is not Segment",
	http.StatusHTTPVersionNotSupported:    soFieldEndpoint + " and " + soFieldProxyURL + ": something on the way speaks another version of HTTP",
	http.StatusNetworkAuthenticationRequired: "the network, which wants a login of this machine, and " +
		soFieldProxyURL,
}
