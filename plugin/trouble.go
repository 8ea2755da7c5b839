package plugin

import (
	"net/http"

	"benthos-segment/internal/tracking"
)

// Stuck says why nothing moves, and what to do.
func (o *batchObserver) Stuck(what tracking.Trouble) {
	log := o.log.With("source", what.Source)
	if what.Class == tracking.Setup {
		log.Errorf("segment: holding calls, because the last attempt met %s, which points to the set-up and not to the data. "+
			"Check %s. It is tried again within 5 minutes at the most; nothing is lost while this runs",
			what.Answer, whatToCheck(what.Status))
		return
	}
	log.Warnf("segment: requests do not get through (%s), the last met %s. They are tried again, and what comes behind "+
		"them waits; see segment_oldest_unsent_seconds", what.Class, what.Answer)
}

// whatToCheck names the fields to look at, likeliest first, when everything is
// answered with a status; 0 is no answer at all.
func whatToCheck(status int) string {
	if said, exists := checks[status]; exists {
		return said
	}
	if status/100 == 3 {
		return soFieldEndpoint + ": it leads to another address, and redirects are not followed, because the key would go there too"
	}
	return soFieldEndpoint + " and " + soFieldProxyURL + ", since something in front of Segment may answer in its place, then " +
		soFieldWriteKey + " and " + soFieldRegion
}

var checks = map[int]string{
	0:                             soFieldEndpoint + ", " + soFieldTLS + ", " + soFieldProxyURL + " and " + soFieldOAuth,
	http.StatusSwitchingProtocols: soFieldEndpoint + ": whoever answers there speaks another protocol, such as that of a WebSocket",
	http.StatusUnauthorized:       soFieldWriteKey + " and " + soFieldRegion + ", and " + soFieldOAuth + " where the source asks for it",
	http.StatusForbidden: soFieldWriteKey + " and " + soFieldOAuth + ", and whether a firewall in front of " + soFieldEndpoint +
		" lets this machine through",
	http.StatusNotFound:         soFieldEndpoint + ": whoever answers there has no /v1/batch",
	http.StatusMethodNotAllowed: soFieldEndpoint + ": whoever answers there takes no events, as a maintenance page does not",
	http.StatusProxyAuthRequired: soFieldProxyURL +
		": the proxy wants a user and a password",
	http.StatusLengthRequired: soFieldEndpoint + " and " + soFieldProxyURL + ": something on the way takes the length off our requests",
	http.StatusUnsupportedMediaType: soFieldCompression + ": something on the way does not take gzip, as Segment does; set it to none, or check " +
		soFieldEndpoint,
	http.StatusUpgradeRequired:      soFieldEndpoint + ": whoever answers there wants another protocol, such as https",
	http.StatusPreconditionRequired: soFieldEndpoint + ": whoever answers there is not Segment",
	http.StatusRequestHeaderFieldsTooLarge: soFieldEndpoint + " and " + soFieldProxyURL + ": something on the way takes only short headers, and the token of " +
		soFieldOAuth + " is a long one",
	http.StatusUnavailableForLegalReasons: soFieldRegion + " and " + soFieldEndpoint + ": whoever answers there must not serve this machine",
	http.StatusNotImplemented:             soFieldEndpoint + ": whoever answers there is not Segment",
	http.StatusHTTPVersionNotSupported:    soFieldEndpoint + " and " + soFieldProxyURL + ": something on the way speaks another version of HTTP",
	http.StatusNetworkAuthenticationRequired: "the network, which wants a login of this machine, and " +
		soFieldProxyURL,
}
