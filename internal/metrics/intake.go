package metrics

var frontDoor = []Metric{
	{
		Name: "segment_gateway_requests", Kind: Counter, Labels: []string{"route", "status"}, Unit: requests,
		Help: "Requests of SDKs that were answered",
		Do:   "401: an SDK has a key that is not in write_keys. 429 and 503: more comes in than leaves, or the output is stuck",
	},
	{
		Name: "segment_gateway_events", Kind: Counter, Unit: "events",
		Help: "Events that were acknowledged to SDKs",
		Do:   "What comes in. Compare it with segment_calls_sent",
	},
	{
		Name: "segment_gateway_pending", Kind: Gauge, Unit: requests,
		Help: "Requests of SDKs that wait for their answer",
		Do:   "Near max_pending: SDKs are about to be turned away with 429. Look at the output, or put a journal behind",
	},
	{
		Name: "segment_gateway_latency_ns", Kind: Timer, Unit: times,
		Help: "How long requests with events took from their headers to their answer",
		Do:   "High: the output or the disk of the journal is slow",
	},
}

var journal = []Metric{
	{
		Name: "segment_journal_events", Kind: Gauge, Unit: "events",
		Help: "Events in the queue that were not delivered yet",
		Do:   "Steady growth: less is delivered than comes in",
	},
	{
		Name: "segment_journal_bytes", Kind: Gauge, Unit: bytes,
		Help: "Bytes of the events in the queue",
		Do:   "Near max_bytes, events are about to be refused: find out what stops delivery, or raise max_bytes",
	},
	{
		Name: "segment_journal_oldest_seconds", Kind: Gauge, Unit: seconds,
		Help: "How long the oldest event has been in the queue",
		Do:   "Alert on it. Above what you promise, the output does not deliver: read the log",
	},
	{
		Name: "segment_journal_syncs", Kind: Counter, Unit: "syncs",
		Help: "Times that the queue was made safe on the disk",
		Do:   "Nothing to do",
	},
	{
		Name: "segment_journal_sync_latency_ns", Kind: Timer, Unit: times,
		Help: "How long the disk took to make the queue safe",
		Do:   "High: the disk is slow or busy, and senders wait for it. Use a faster one, or sync: interval",
	},
	{
		Name: "segment_journal_refused", Kind: Counter, Labels: []string{"reason"}, Unit: "events",
		Help: "Events that the queue did not take, which their senders were told",
		Do:   "full: see segment_journal_bytes. disk: the log names the error. event: one event is larger than a queue takes",
	},
	{
		Name: "segment_journal_retries", Kind: Counter, Unit: "events",
		Help: "Events that were handed out again, because the output did not take them",
		Do:   "Steady growth: give the output a fallback for dead letters",
	},
	{
		Name: "segment_journal_lost", Kind: Counter, Unit: "events",
		Help: "Events that were lost, because the disk returned damaged data",
		Do:   "Alert on it. The log names them by number and time; replace the disk, and send them again from their source",
	},
}
