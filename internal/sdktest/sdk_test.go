package sdktest

// sdk is one SDK, in one of its modes.
type sdk struct {
	name     string
	language *language
	// command runs its program, in the folder of the language. A browser opens a
	// page of web/ in its mode instead.
	command    []string
	page, mode string
	// isPatient: it sends after a minute, unless its page is left before.
	isPatient bool

	// hasNoScreen: RudderStack's SDK for browsers has no call screen.
	hasNoScreen bool
	// order is what it keeps of the order of its calls.
	order order
	// forgets: it does not learn whether a request was answered, so that what it
	// sends while nobody listens is lost.
	forgets bool
}

// order is what an SDK keeps of the order of its calls.
type order uint8

const (
	// always: a call waits for those before it.
	always order = iota
	// untilARetry: while a request waits for its next try, later ones overtake it.
	untilARetry
	// never: each call is sent by itself, and waits for no other.
	never
)

// sdks does not have those for Ruby and PHP: Debian has no packages of them, and
// Segment's send over TLS alone.
var sdks = []sdk{
	{name: "rudderstack-node", language: node, command: []string{"node", "rudderstack.mjs"}},
	{name: "segment-node", language: node, command: []string{"node", "segment.mjs"}},
	{name: "rudderstack-go", language: golang, command: []string{"bin/rudderstack"}},
	{name: "segment-go", language: golang, command: []string{"bin/segment"}},
	{name: "rudderstack-python", language: python, command: []string{".venv/bin/python", "use_rudderstack.py"}},
	{name: "segment-python", language: python, command: []string{".venv/bin/python", "use_segment.py"}},
	{name: "rudderstack-java", language: java, command: []string{"java", "-cp", "rudderstack/lib/*", "rudderstack/Main.java"}},
	{name: "segment-java", language: java, command: []string{"java", "-cp", "segment/lib/*", "segment/Main.java"}},
	{name: "rudderstack-web", language: browser, page: "rudderstack.html", mode: "default", hasNoScreen: true, order: never},
	{name: "rudderstack-web-beacon", language: browser, page: "rudderstack.html", mode: "beacon", hasNoScreen: true, order: untilARetry, forgets: true},
	{name: "rudderstack-web-batch", language: browser, page: "rudderstack.html", mode: "batch", hasNoScreen: true, order: untilARetry},
	{name: "segment-web", language: browser, page: "segment.html", mode: "default", order: untilARetry},
	{name: "segment-web-batch", language: browser, page: "segment.html", mode: "batch", order: untilARetry},
}
