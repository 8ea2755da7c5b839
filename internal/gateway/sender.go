package gateway

import (
	"bytes"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
)

// sender is what a request tells about who sent it, for all of its events.
type sender struct {
	request *http.Request
	route   ingest.Route
	creds   ingest.Credentials
	// key is empty where each event has its own.
	key        string
	receivedAt time.Time
	client     netip.Addr
	// given is the dialect that the configuration gives.
	given segment.Dialect
}

func (g *Gateway) newSender(r *http.Request, route ingest.Route, creds ingest.Credentials) *sender {
	return &sender{
		request: r, route: route, creds: creds,
		receivedAt: time.Now(), client: g.clientOf(r), given: g.conf.Dialect,
	}
}

// isUnheard reports whether the client does not read the answer: a page that was
// left, or a beacon or pixel, which nobody sends again.
func (s *sender) isUnheard() bool {
	return s.route.Kind == ingest.Pixel || s.route.Path == "/beacon/v1/batch" || s.request.Context().Err() != nil
}

// isPage reports whether a web page sent the request.
func (s *sender) isPage() bool { return s.request.Header.Get("Origin") != "" }

// rudderHeaders and segmentHeaders are headers that only SDKs of one of the two
// send.
var (
	rudderHeaders = []string{
		"Anonymousid", "Sentat", "Rs-Targetnode", "Rs-Nodecount", "Rs-Useragent", "Rsa-Recovered", "Rsa-Retry-Attempt",
	}
	segmentHeaders = []string{"X-Retry-Count"}
)

// dialect says whose SDK sent the request, as far as the request tells. A path
// that only one of the two has is the best sign.
func (s *sender) dialect(env *ingest.Envelope) segment.Dialect {
	switch h := s.request.Header; {
	case s.given != segment.DialectUnknown:
		return s.given
	case !s.route.Of(ingest.RudderStack):
		return segment.DialectSegment
	case !s.route.Of(ingest.Segment):
		return segment.DialectRudderStack
	case hasAny(h, rudderHeaders):
		return segment.DialectRudderStack
	// RudderStack's SDKs send their key in the header alone.
	case hasAny(h, segmentHeaders), env.WriteKey != "":
		return segment.DialectSegment
	default:
		return segment.DialectUnknown
	}
}

func hasAny(h http.Header, names []string) bool {
	for _, name := range names {
		if len(h[name]) > 0 {
			return true
		}
	}
	return false
}

// library is the name and the version of an SDK.
type library struct{ name, version string }

// maxLibrary bounds what is taken of a name. Metadata goes with every event.
const maxLibrary = 100

var libraryNames = []string{"name", "version"}

// libraryOf reads context.library.
func libraryOf(value []byte) (lib library) {
	var values [2][]byte
	ingest.Pick(value, libraryNames, values[:])
	return library{clip(ingest.Text(values[0]), maxLibrary), clip(ingest.Text(values[1]), maxLibrary)}
}

// agent is the library that a server's SDK names in its User-Agent, such as
// analytics-python/2.3.4. A browser names itself.
func (s *sender) agent() (lib library) {
	agent, _, _ := strings.Cut(s.request.UserAgent(), " ")
	name, version, found := strings.Cut(agent, "/")
	if !found || name == "Mozilla" || s.isPage() {
		return library{}
	}
	return library{clip(name, maxLibrary), clip(version, maxLibrary)}
}

func clip(text string, length int) string {
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length], "")
}

// dialect knows the names that only one of the two uses.
func (lib library) dialect() segment.Dialect {
	name := strings.ToLower(lib.name)
	switch {
	case strings.Contains(name, "rudder"):
		return segment.DialectRudderStack
	case name == "analytics.js", strings.HasPrefix(name, "@segment/"):
		return segment.DialectSegment
	default:
		return segment.DialectUnknown
	}
}

// deviceNames are in the names of libraries that run where people are.
var deviceNames = []string{
	"analytics.js", "javascript", "android", "ios", "kotlin", "swift", "react-native", "flutter", "unity", "xamarin", "cordova",
}

// runsOnDevice reports whether an event comes straight from a person's browser or
// phone, so that the address of the client is that of the person. An event that
// says where it comes from knows best.
func (s *sender) runsOnDevice(channel, isDirect []byte, lib library) bool {
	switch string(ingest.Spelled(channel)) {
	case "web", "mobile", "browser":
		return true
	case "":
	default:
		return false
	}
	if bytes.Equal(isDirect, []byte("true")) || s.isPage() || s.route.Kind == ingest.Pixel {
		return true
	}
	name := strings.ToLower(lib.name)
	for _, part := range deviceNames {
		if hasWord(name, part) {
			return true
		}
	}
	return false
}

// hasWord reports whether a word is in a text, and not as a part of a longer one:
// axios is not for ios.
func hasWord(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		start, end := from+at, from+at+len(word)
		if (start == 0 || !isLetter(text[start-1])) && (end == len(text) || !isLetter(text[end])) {
			return true
		}
		from = end
	}
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }
