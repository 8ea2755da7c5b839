// Package kafka puts the product through what an Apache Kafka goes through, with
// brokers of its own in KRaft mode, one or three.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
)

// cluster is some brokers, each of which is a controller too.
type cluster struct {
	jars    needs.Jars
	brokers []*broker
	// connection is what clients of the cluster need.
	connection []kgo.Opt
	security   *security
	admin      *kadm.Client
}

// broker is one of them. Its id is its place in the list and one.
type broker struct {
	*service.Service
	controller int
	// outside is the port of those who come from another network, if there are any.
	outside int
	folder  string
	// data is where it keeps what it was given.
	data string
}

// setting is one of a server.properties, as name=value.
type setting = string

// options are what may be different about a cluster.
type options struct {
	jars     needs.Jars
	size     int
	settings []setting
	security *security
	// data says where the nth broker keeps what it was given, below its folder
	// where this is nil.
	data func(n int) string
	// from is the address by which another network reaches the brokers, if one does.
	from netip.Addr
}

// start starts a cluster and waits until all brokers know each other. It has to
// be closed also where that fails.
func start(ctx context.Context, s *trial.Stage, o options) (*cluster, error) {
	c := &cluster{jars: o.jars, security: o.security}
	if o.security != nil {
		c.connection = o.security.connection()
	}
	for n := range o.size {
		b, err := c.newBroker(s, n+1, o)
		if err != nil {
			return nil, err
		}
		c.brokers = append(c.brokers, b)
		s.Keep(b)
	}
	if err := errors.Join(c.configure(o), c.format(ctx)); err != nil {
		return c, err
	}
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.addresses()...)}, c.connection...)...)
	if err != nil {
		return c, fmt.Errorf("connecting to Kafka: %w", err)
	}
	c.admin = kadm.NewClient(client)
	for _, b := range c.brokers {
		if err := b.Launch(); err != nil {
			return c, err
		}
	}
	for _, b := range c.brokers {
		if err := b.Await(ctx); err != nil {
			return c, err
		}
	}
	return c, until(ctx, "all brokers know each other", func(ctx context.Context) (bool, error) {
		known, err := c.admin.BrokerMetadata(ctx)
		return err == nil && len(known.Brokers) == o.size && known.Controller > 0, err
	})
}

func (c *cluster) newBroker(s *trial.Stage, id int, o options) (*broker, error) {
	b := &broker{folder: filepath.Join(s.Folder, "broker-"+strconv.Itoa(id))}
	b.data = filepath.Join(b.folder, "data")
	if o.data != nil {
		b.data = o.data(id - 1)
	}
	if err := os.MkdirAll(b.folder, 0o755); err != nil {
		return nil, fmt.Errorf("making a folder for a broker: %w", err)
	}
	port, err := ordeal.FreePort()
	if err != nil {
		return nil, err
	}
	if b.controller, err = ordeal.FreePort(); err != nil {
		return nil, err
	}
	if b.outside, err = ordeal.FreePort(); err != nil {
		return nil, err
	}
	b.Service = service.New(service.Config{
		Name: "broker-" + strconv.Itoa(id), Path: needs.Java.Path(), Folder: b.folder, Port: port,
		Args:  c.java("kafka.Kafka", b.properties()),
		Ready: func(ctx context.Context) error { return c.knows(ctx, id) },
		// The exit code of a Java virtual machine that was asked to end.
		StopCode: 143,
	})
	return b, nil
}

func (b *broker) properties() string { return filepath.Join(b.folder, "server.properties") }

// java are the arguments for a class of Kafka's. A small and plain virtual
// machine is one that starts in little time.
func (c *cluster) java(class string, args ...string) []string {
	return append([]string{
		"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
		"-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		"-Dlog4j.configuration=file:" + filepath.Join(filepath.Dir(args[len(args)-1]), "log4j.properties"),
		"-cp", c.jars.ClassPath(), class,
	}, args...)
}

// log4j is for 3.9. What comes after has another library.
const log4j = `log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss.SSS} %p %m (%c{1})%n
`

// configure writes the configuration of each broker.
func (c *cluster) configure(o options) error {
	var voters []string
	for n, b := range c.brokers {
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", n+1, b.controller))
	}
	for n, b := range c.brokers {
		replicas := min(3, o.size)
		settings := slices.Concat(b.listeners(o), []setting{
			"process.roles=broker,controller",
			"node.id=" + strconv.Itoa(n+1),
			"controller.quorum.voters=" + strings.Join(voters, ","),
			"log.dirs=" + b.data,
			"auto.create.topics.enable=false",
			"group.initial.rebalance.delay.ms=0",
			"group.min.session.timeout.ms=1000",
			fmt.Sprintf("offsets.topic.replication.factor=%d", replicas),
			fmt.Sprintf("transaction.state.log.replication.factor=%d", replicas),
			fmt.Sprintf("transaction.state.log.min.isr=%d", min(2, replicas)),
			"offsets.topic.num.partitions=4",
			"transaction.state.log.num.partitions=2",
			// Those that fall behind are noticed soon, and nobody who is only slow is
			// taken for dead.
			"broker.heartbeat.interval.ms=1000",
			"broker.session.timeout.ms=9000",
			"replica.lag.time.max.ms=5000",
			"controller.quorum.election.timeout.ms=3000",
			"controller.quorum.fetch.timeout.ms=8000",
			"controller.quorum.request.timeout.ms=6000",
			// Small, as it is beside others.
			"num.network.threads=2", "num.io.threads=4", "background.threads=2",
			"log.cleaner.dedupe.buffer.size=16777216", "log.segment.bytes=67108864",
		}, c.security.settings(), o.settings)
		if err := os.WriteFile(b.properties(), []byte(strings.Join(settings, "\n")+"\n"), 0o600); err != nil {
			return fmt.Errorf("configuring a broker: %w", err)
		}
		if err := os.WriteFile(filepath.Join(b.folder, "log4j.properties"), []byte(log4j), 0o600); err != nil {
			return fmt.Errorf("configuring a broker: %w", err)
		}
	}
	return nil
}

// clusterID is any, in the form that Kafka wants.
const clusterID = "Zm9yLWUyZS1yb3VuZHMtMQ"

// format prepares the disks of all brokers at the same time.
func (c *cluster) format(ctx context.Context) error {
	var formats errgroup.Group
	for _, b := range c.brokers {
		formats.Go(func() error {
			args := append(c.security.users(), "-c", b.properties())
			format := exec.CommandContext(ctx, needs.Java.Path(), c.java("kafka.tools.StorageTool", append([]string{"format", "-t", clusterID}, args...)...)...)
			if said, err := format.CombinedOutput(); err != nil {
				return fmt.Errorf("formatting the disk of a broker: %w\n%s", err, said)
			}
			return nil
		})
	}
	return formats.Wait()
}

func (c *cluster) addresses() (list []string) {
	for _, b := range c.brokers {
		list = append(list, b.Address())
	}
	return list
}

// bootstrap is what clients are told.
func (c *cluster) bootstrap() string { return strings.Join(c.addresses(), ",") }

// knows returns nil once a broker is one that clients are told of by itself.
func (c *cluster) knows(ctx context.Context, id int) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	own, err := c.client(c.brokers[id-1])
	if err != nil {
		return err
	}
	defer own.Close()
	known, err := own.BrokerMetadata(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(known.Brokers.NodeIDs(), int32(id)) {
		return fmt.Errorf("broker %d is not registered, only %v are", id, known.Brokers.NodeIDs())
	}
	return nil
}

// client is one that has been told of one broker only.
func (c *cluster) client(b *broker) (*kadm.Client, error) {
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(b.Address())}, c.connection...)...)
	if err != nil {
		return nil, fmt.Errorf("connecting to Kafka: %w", err)
	}
	return kadm.NewClient(client), nil
}

// close ends all brokers. Nothing is asked of them any more.
func (c *cluster) close() {
	if c.admin != nil {
		c.admin.Close()
	}
	var ends sync.WaitGroup
	for _, b := range c.brokers {
		ends.Go(b.Kill)
	}
	ends.Wait()
}

// leaderOf is the broker that leads a partition.
func (c *cluster) leaderOf(ctx context.Context, topic string, partition int32) (*broker, error) {
	p, err := c.partition(ctx, topic, partition)
	if err != nil {
		return nil, err
	}
	if p.Leader < 1 || int(p.Leader) > len(c.brokers) {
		return nil, fmt.Errorf("partition %d has no leader", partition)
	}
	return c.brokers[p.Leader-1], nil
}

func (c *cluster) partition(ctx context.Context, topic string, partition int32) (kadm.PartitionDetail, error) {
	known, err := c.admin.Metadata(ctx, topic)
	if err != nil {
		return kadm.PartitionDetail{}, fmt.Errorf("looking for leaders: %w", err)
	}
	p, exists := known.Topics[topic].Partitions[partition]
	if !exists {
		return p, fmt.Errorf("there is no partition %d of %s", partition, topic)
	}
	return p, nil
}

// until asks until something is so.
func until(ctx context.Context, what string, ask func(context.Context) (bool, error)) error {
	for {
		done, err := ask(ctx)
		if done {
			return nil
		}
		if !sleep(ctx) {
			return fmt.Errorf("waiting until %s: %w", what, errors.Join(ctx.Err(), err))
		}
	}
}

// sleep passes a moment and returns false where ctx ended before.
func sleep(ctx context.Context) bool {
	select {
	case <-time.After(100 * time.Millisecond):
		return true
	case <-ctx.Done():
		return false
	}
}

// synced waits until all replicas of a topic are in sync.
func (c *cluster) synced(ctx context.Context, topic string) error {
	return until(ctx, "all replicas are in sync", func(ctx context.Context) (bool, error) {
		known, err := c.admin.Metadata(ctx, topic)
		if err != nil {
			return false, err
		}
		for _, p := range known.Topics[topic].Partitions {
			if len(p.ISR) != len(p.Replicas) || p.Leader < 0 {
				return false, nil
			}
		}
		return true, nil
	})
}
