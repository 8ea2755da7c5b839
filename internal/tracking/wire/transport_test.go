package wire

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestConnectionsAreRenewedBeforeTheyAreADayOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := NewTransport(Config{}).(*renewing)
		first := transport.transport()
		time.Sleep(maxConnectionAge - time.Second)
		assert.Same(t, first, transport.transport())
		time.Sleep(time.Second)
		assert.NotSame(t, first, transport.transport())
		assert.Less(t, maxConnectionAge, 24*time.Hour)
	})
}
