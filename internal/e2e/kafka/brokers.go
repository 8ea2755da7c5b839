package kafka

import "context"

// restart kills a broker and starts it on its data.
func (b *broker) restart(ctx context.Context) error {
	b.Kill()
	if err := b.Killed(); err != nil {
		return err
	}
	return b.Start(ctx)
}

// killBroker kills one broker after the other.
func killBroker(ctx context.Context, s set, n int) error {
	return s.brokers[n%len(s.brokers)].restart(ctx)
}
