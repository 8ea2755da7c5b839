package passage

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPauseIsCountedFromTheEndOfWhatWentWrong(t *testing.T) {
	began := time.Now()
	at := func(seconds ...float64) (times []time.Time) {
		for _, s := range seconds {
			times = append(times, began.Add(time.Duration(s*float64(time.Second))))
		}
		return times
	}
	for name, test := range map[string]struct {
		accepted, over []time.Time
		want           float64
	}{
		"nothing went wrong":               {at(1, 2, 5, 6), nil, 3},
		"it goes on at once":               {at(1, 2, 22, 23), at(21.5), 1},
		"it stands still after it":         {at(1, 2, 30, 31), at(22), 8},
		"the second is the longest":        {at(1, 10, 11, 40), at(9, 20), 20},
		"it goes on, and then stands":      {at(1, 10, 30, 31), at(9), 20},
		"before it, pauses do not count":   {at(1, 20, 21, 22), at(20.5), 1},
		"nothing is accepted after it":     {at(1, 2), at(3), 0},
		"they come in in any order":        {at(30, 2, 31, 1), at(22), 8},
		"two ended in the same long pause": {at(1, 2, 30), at(10, 20), 10},
	} {
		t.Run(name, func(t *testing.T) {
			a := acceptances{at: test.accepted}
			assert.InDelta(t, test.want, a.longestPause(test.over).Seconds(), 1e-6)
		})
	}
}

func TestAPortCountsWhatComesIn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &port{changed: make(chan struct{})}
	metered := &meter{Listener: listener, port: p}
	t.Cleanup(func() { assert.NoError(t, metered.Close()) })
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	conn, err := metered.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	reached, await := make(chan error, 1), p.after(5)
	go func() { reached <- await(t.Context()) }()

	for range 5 {
		_, err := client.Write([]byte("x"))
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 10))
		require.NoError(t, err)
	}

	assert.NoError(t, <-reached)
}

func TestAnswersAreHeldUntilTheyAreReleased(t *testing.T) {
	var h hold
	h.wait()
	first, last := h.on(), h.on()
	require.NoError(t, first())
	passed := make(chan struct{})
	waiting := make(chan struct{})
	go func() { close(waiting); h.wait(); close(passed) }()
	<-waiting

	select {
	case <-passed:
		t.Error("somebody still holds it")
	default:
	}
	require.NoError(t, last())

	<-passed
	h.wait()
	ended := make(chan struct{})
	close(ended)
	h.ended = ended
	h.on()
	h.wait()
}
