package sdktest

// sdk is one SDK, in one of its modes.
type sdk struct {
	name     string
	language *language
	// command runs its program, in the folder of the language. A browser opens
	// page in its mode instead.
	command    []string
	page, mode string

	// hasNoScreen: RudderStack's SDK for browsers has no call screen.
	hasNoScreen bool
	// hasNoOrder: it sends its calls side by side, and does not tell when they
	// have arrived.
	hasNoOrder bool
}

var sdks = []sdk{
	{name: "rudderstack-node", language: node, command: []string{"node", "rudderstack.mjs"}},
	{name: "segment-node", language: node, command: []string{"node", "segment.mjs"}},
	{name: "rudderstack-go", language: golang, command: []string{"go", "run", "./rudderstack"}},
	{name: "segment-go", language: golang, command: []string{"go", "run", "./segment"}},
	{name: "rudderstack-python", language: python, command: []string{".venv/bin/python", "use_rudderstack.py"}},
	{name: "segment-python", language: python, command: []string{".venv/bin/python", "use_segment.py"}},
	{name: "rudderstack-java", language: java, command: []string{"java", "-cp", "rudderstack/lib/*", "rudderstack/Main.java"}},
	{name: "segment-java", language: java, command: []string{"java", "-cp", "segment/lib/*", "segment/Main.java"}},
	{name: "rudderstack-web", language: browser, page: "rudderstack.html", mode: "default", hasNoScreen: true, hasNoOrder: true},
	{name: "rudderstack-web-beacon", language: browser, page: "rudderstack.html", mode: "beacon", hasNoScreen: true},
	{name: "rudderstack-web-batch", language: browser, page: "rudderstack.html", mode: "batch", hasNoScreen: true},
	{name: "segment-web", language: browser, page: "segment.html", mode: "default"},
	{name: "segment-web-batch", language: browser, page: "segment.html", mode: "batch"},
}
