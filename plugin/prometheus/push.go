package prometheus

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
	"github.com/redpanda-data/benthos/v4/public/service"
)

// pushConfig says where to push, and how often.
type pushConfig struct {
	url, job, user, password string
	interval                 time.Duration
}

// pushTimeout is how long a gateway may take.
const pushTimeout = 10 * time.Second

// pusher pushes to a gateway.
type pusher struct {
	push *push.Pusher
	log  *service.Logger
	stop context.CancelFunc
	done sync.WaitGroup
	// isAway says that the last push has failed, and that this was said.
	isAway bool
}

func newPusher(conf pushConfig, from client.Gatherer, log *service.Logger) *pusher {
	p := &pusher{push: push.New(conf.url, conf.job).Gatherer(from).Client(&http.Client{Timeout: pushTimeout}), log: log}
	if conf.user != "" || conf.password != "" {
		p.push.BasicAuth(conf.user, conf.password)
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	if conf.interval > 0 {
		p.done.Go(func() { p.every(ctx, conf.interval) })
	}
	return p
}

func (p *pusher) every(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.say(p.push.PushContext(ctx))
		case <-ctx.Done():
			return
		}
	}
}

// say logs the first failure of several, and the first success after it.
func (p *pusher) say(err error) {
	if (err != nil) == p.isAway {
		return
	}
	p.isAway = err != nil
	if p.isAway {
		p.log.Warnf("metrics %s: the Pushgateway does not take metrics: %s. Check push_url; events are not affected", Name, cause(err))
		return
	}
	p.log.Infof("metrics %s: the Pushgateway takes metrics again", Name)
}

// close pushes for the last time. It does not fail: the log says what is missing.
func (p *pusher) close(ctx context.Context) {
	p.stop()
	p.done.Wait()
	if err := p.push.PushContext(ctx); err != nil {
		p.log.Warnf("metrics %s: the last metrics were not pushed to the Pushgateway: %s. Check %s", Name, cause(err), fieldPushURL)
	}
}

// cause is why a push has failed, without the URL, which may hold a password.
func cause(err error) string {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return "it refuses them"
}
