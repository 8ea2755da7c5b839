package guarantees_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/streamtest"
)

// proveProtocols: a port that speaks something else than the scheme says is a
// wrong set-up, on which no retry agrees.
// https://github.com/golang/go/issues/11111
func proveProtocols(t *testing.T) {
	for name, test := range map[string]struct {
		scheme, answer, says string
	}{
		"https to plain http":       {"https", "HTTP/1.1 400 Bad Request\r\n\r\n", `a server that answers https with plain http`},
		"https to SSH":              {"https", "SSH-2.0-OpenSSH_9.9\r\n", `a server that does not speak TLS where https is asked for`},
		"https to mail":             {"https", "220 mail.example.com ESMTP\r\n", `a server that does not speak TLS where https is asked for`},
		"https to TLS 1.1, no word": {"https", serverHello11, `a server that speaks no TLS from 1.2 on`},
		"plain http to https":       {"http", "\x15\x03\x01\x00\x02\x02\x46", `a server that wants https and not plain http`},
		"plain http to HTTP/2":      {"http", "\x00\x00\x00\x04\x00\x00\x00\x00\x00", `a server that speaks HTTP/2 only`},
	} {
		t.Run(name, func(t *testing.T) {
			answer := afterHead(test.answer)
			n := newNetwork(t, "", []conduct{answer, answer, answer})
			requireRejected(t, test.scheme+n.url[len("http"):], nil, test.says)
		})
	}
	t.Run("and what is no protocol passes", func(t *testing.T) {
		const broken = "\x16\x03\x03\x00\x04\x02\x00\x00\x00" // a hello of no length
		s := newTunnelled(t)
		n := newNetwork(t, "http://"+s.wire.address, []conduct{afterHead(broken), afterHead("")})
		p := start(t, streamtest.WithDeadLetter(segmentOutput("https"+n.url[len("http"):], fields{
			"tls": fields{"root_cas": s.ca.pem()}, "on_setup_error": "reject",
		})))
		p.accept(t, trial{calls: 10, people: 1}.givenCalls())
		p.stop(t)
		assert.Empty(t, p.dead.ReasonsByID())
		assert.EqualValues(t, 2, p.counts.Sums()["segment_retries transient"])
	})
}

// serverHello11 agrees on TLS 1.1, which no client of ours has offered.
var serverHello11 = "\x16\x03\x02\x00\x2a" + "\x02\x00\x00\x26" + "\x03\x02" + strings.Repeat("r", 32) + "\x00\xc0\x2f\x00"
