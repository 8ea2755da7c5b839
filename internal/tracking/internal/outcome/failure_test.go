package outcome

import (
	"crypto/tls"
	"net"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A server of old versions alone will not take a handshake tomorrow either,
// and one in trouble may.
func TestAHandshakeThatIsRefusedIsASetupError(t *testing.T) {
	for alert, want := range map[tls.AlertError]Class{40: Setup, 70: Setup, 116: Setup, 80: Transient, 20: Transient} {
		refused := &url.Error{Op: "Post", Err: &net.OpError{Op: "remote error", Err: alert}}
		assert.Equal(t, want, Explain(refused).Class, alert.Error())
		assert.Equal(t, Transient, Explain(&net.OpError{Op: "read", Err: alert}).Class)
	}
}
