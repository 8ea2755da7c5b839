package doctor

import (
	"fmt"
	"net"
	"time"
)

// batching looks at how long events wait, beside how long an answer takes.
func (e *examination) batching(o output, latency time.Duration) {
	const check, long = "batching", 10 * time.Second
	period, writers := o.gathering()
	latency = latency.Round(time.Millisecond)
	said := fmt.Sprintf("events wait up to %s for a batch to fill, and an answer takes %s", period, latency)
	switch {
	case period > long:
		e.say(check, o.about(), warning, said, "set batching.period to 1s or less: requests are filled from all batches under way")
	case time.Duration(writers)*period < latency:
		e.say(check, o.about(), warning, said+": all writers are busy for longer, and batches of one event follow",
			fmt.Sprintf("set max_in_flight to %d or more, or leave it out", latency/period+1))
	default:
		e.say(check, o.about(), good, said, "")
	}
}

// The engine's defaults.
const (
	presetAddress  = "0.0.0.0:4195"
	presetShutdown = 20 * time.Second
)

// address looks at where metrics and readiness are served.
func (e *examination) address(about string, config map[string]any) {
	const check = "http.address"
	served, _ := config["http"].(map[string]any)
	if enabled, isSet := served["enabled"].(bool); isSet && !enabled {
		e.say(check, about, good, "nothing is served", "")
		return
	}
	address, _ := served["address"].(string)
	if address == "" {
		address = presetAddress
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		e.say(check, about, wrong, fmt.Sprintf("nothing can listen on %s: %s", address, listenCause(err)), "stop what does, or set another address")
		return
	}
	_ = listener.Close()
	host, port, _ := net.SplitHostPort(address)
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		e.say(check, about, warning, address+" is free, and other machines may reach it", "set it to "+net.JoinHostPort("127.0.0.1", port)+", or to a network that only you reach")
		return
	}
	e.say(check, about, good, address+" is free, and only this machine reaches it", "")
}

func listenCause(err error) string {
	if op, isOp := err.(*net.OpError); isOp {
		return op.Err.Error()
	}
	return err.Error()
}

// stop looks at whether what is under way can end before the process has to.
func (e *examination) stop(about string, config map[string]any, outputs []output) {
	limit := presetShutdown
	if text, isText := config["shutdown_timeout"].(string); isText {
		limit, _ = time.ParseDuration(text)
	}
	given := limit * 3 / 4
	buffer, _ := config["buffer"].(map[string]any)
	if _, isKept := buffer["journal"]; isKept {
		e.say("shutdown", about, good, fmt.Sprintf("a stop gives up after %s what is under way, and the queue keeps it", given), "")
		return
	}
	for _, o := range outputs {
		if timeout := o.timeout(); given < timeout {
			e.say("shutdown", about, warning, fmt.Sprintf("a stop gives up after %s what is under way, and an attempt may take %s: those events are "+
				"sent again, and a fallback gets good ones", given, timeout), fmt.Sprintf("set shutdown_timeout to %s or more, or timeout to less", (timeout*4/3).Round(time.Second)))
			return
		}
	}
	e.say("shutdown", about, good, fmt.Sprintf("a stop lets what is under way end for %s", given), "")
}
