package metrics

const (
	calls       = "calls"
	requests    = "requests"
	bytes       = "bytes"
	nanoseconds = "nanoseconds"
	seconds     = "seconds"
	// times are seconds in a histogram and nanoseconds in a summary.
	times = "seconds, or nanoseconds in a summary"
)

var output = []Metric{
	{
		Name: "segment_oldest_unsent_seconds", Kind: Gauge, Unit: seconds,
		Help: "How long the oldest batch has been in the output and was not delivered",
		Do:   "Alert on it. Above a few minutes, read the log: it says what keeps the batch",
	},
	{
		Name: "segment_calls_sent", Kind: Counter, Labels: []string{"type"}, Unit: calls,
		Help: "Calls that Segment has accepted",
		Do:   "The rate of delivery. If it stops while events come in, nothing is accepted: read the log",
	},
	{
		Name: "segment_calls_rejected", Kind: Counter, Labels: []string{"reason"}, Unit: calls,
		Help: "Calls that cannot be sent and were given back, which makes dead letters of their events",
		Do:   "Where it grows faster than usual, look up the reason, and look at the dead letters",
	},
	{
		Name: "segment_calls_skipped", Kind: Counter, Labels: []string{"reason"}, Unit: "events",
		Help: "Events that were not meant to be sent and were acknowledged",
		Do:   "Unexpected growth: for integrations and consent, check lists the events; for mapping, look at the mapping; for empty, at the sender",
	},
	{
		Name: "segment_conversion_notes", Kind: Counter, Labels: []string{"kind"}, Unit: calls,
		Help: "Calls that were sent without something that their events had",
		Do:   "Nothing is lost that Segment has a place for. benthos-segment check names the events and the members",
	},
	{
		Name: "segment_plan_findings", Kind: Counter, Labels: []string{"kind"}, Unit: "findings",
		Help: "Places where events do not keep to the tracking plan",
		Do:   "Where one kind grows after a release, look at that sender",
	},
	{
		Name: "segment_requests", Kind: Counter, Labels: []string{"status"}, Unit: requests,
		Help: "Attempts to send a request, by the status of the answer, or error where there was none",
		Do:   "If anything but 200 stays, the log says what it means",
	},
	{
		Name: "segment_retries", Kind: Counter, Labels: []string{"class"}, Unit: requests,
		Help: "Requests that were going to be sent again, by what was wrong",
		Do:   "Steady throttled: Segment limits the workspace. Steady transient: the network or Segment. Any setup: read the log",
	},
	{
		Name: "segment_splits", Kind: Counter, Unit: requests,
		Help: "Requests that were refused and sent again in parts, to find the call that is to blame",
		Do:   "Look at the dead letters with the reason refused. Where there are none, something in front of Segment refuses",
	},
	{
		Name: "segment_throttle_wait_ns", Kind: Counter, Unit: nanoseconds,
		Help: "Time for which Segment has asked to wait",
		Do:   "Steady growth: Segment limits the workspace. More processes do not help; ask Segment, or set events_per_second for a backfill",
	},
	{
		Name: "segment_request_latency_ns", Kind: Timer, Unit: times,
		Help: "How long an attempt took until its answer",
		Do:   "High: Segment or the network between is slow, or a proxy is. It limits what one person's events can flow at",
	},
	{
		Name: "segment_event_lag_ns", Kind: Timer, Unit: times,
		Help: "How long events took from their receipt until Segment has accepted them, of some events of each batch",
		Do:   "Above what you promise: look at the lag of the input first, then at segment_request_latency_ns",
	},
	{
		Name: "segment_request_calls", Kind: Counter, Unit: calls,
		Help: "Calls in all attempts; divided by segment_requests, the calls of one",
		Do:   "Few calls in a request and low throughput: the input hands over less than a batch",
	},
	{
		Name: "segment_request_bytes", Kind: Counter, Unit: bytes,
		Help: "Bytes of the bodies of all attempts, before compression",
		Do:   "What volume is sent. Nothing to do",
	},
	{
		Name: "segment_wire_bytes", Kind: Counter, Unit: bytes,
		Help: "Bytes of the bodies of all attempts, as they left",
		Do:   "What the network carries. Nothing to do",
	},
	{
		Name: "segment_batches_in_flight", Kind: Gauge, Unit: "batches",
		Help: "Batches that are being delivered",
		Do:   "Nothing to do. At max_in_flight, delivery is what limits",
	},
	{
		Name: "segment_calls_waiting", Kind: Gauge, Unit: calls,
		Help: "Calls that wait for earlier calls of the same person, or for their turn",
		Do:   "High while requests are fast: a few people have many events, which is what order costs",
	},
	{
		Name: "segment_parallel_requests", Kind: Gauge, Unit: requests,
		Help: "How many requests may be under way at the same time",
		Do:   "Less than the field parallel_requests: Segment has throttled or failed lately",
	},
	{
		Name: "segment_start_time_seconds", Kind: Gauge, Unit: "seconds since 1970",
		Help: "When the output started",
		Do:   "Changes often: the process restarts. Nothing else to do",
	},
}

var verification = []Metric{
	{
		Name: "segment_source_enabled", Kind: Gauge, Unit: "1 or 0",
		Help: "Whether Segment's Public API says that the source takes calls",
		Do:   "Alert on 0: Segment answers 200 and throws everything away. Enable the source, or correct the write key",
	},
	{
		Name: "segment_received", Kind: Gauge, Unit: calls,
		Help: "Calls that Segment has counted for the source since the start, of all its senders",
		Do:   "Compare it with segment_calls_sent",
	},
	{
		Name: "segment_discarded", Kind: Gauge, Labels: []string{"reason"}, Unit: calls,
		Help: "Calls that Segment has answered with 200 and thrown away since the start, of all senders of the source",
		Do:   "Look up the reason. If the dead letters have none like it, another sender of the source is to blame",
	},
}
