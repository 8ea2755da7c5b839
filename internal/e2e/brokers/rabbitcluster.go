package brokers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
)

// rabbitCluster is RabbitMQ on several nodes, each of which has a copy of the
// queue.
type rabbitCluster struct {
	nodes     []*rabbitNode
	names     *service.Service
	folder    string
	arguments amqp.Table
	queue     string
	// struck are the nodes that were killed last.
	struck []*rabbitNode
}

// rabbitClusterWith starts so many nodes, for queues with these arguments.
func rabbitClusterWith(size int, arguments amqp.Table) starter {
	return func(ctx context.Context, folder string) (_ system, err error) {
		c := &rabbitCluster{folder: folder, arguments: arguments}
		if c.names, err = erlangNames(ctx, folder); err != nil {
			return nil, err
		}
		if err := c.form(ctx, size); err != nil {
			c.Kill()
			c.close()
			return nil, err
		}
		return c, nil
	}
}

// form makes the nodes, and starts the first before the others, which join it.
func (c *rabbitCluster) form(ctx context.Context, size int) error {
	var members strings.Builder
	for i := range size {
		node, err := newRabbitNode(c.folder, fmt.Sprintf("rabbitmq-%d", i), c.names.Port)
		if err != nil {
			return err
		}
		c.nodes = append(c.nodes, node)
		fmt.Fprintf(&members, "cluster_formation.classic_config.nodes.%d = %s\n", i+1, node.erlang)
	}
	for _, node := range c.nodes {
		if err := node.configure("", "cluster_formation.peer_discovery_backend = classic_config\n"+members.String()); err != nil {
			return err
		}
	}
	if err := c.nodes[0].Start(ctx); err != nil {
		return err
	}
	return c.Start(ctx)
}

// Start starts the nodes that do not run.
func (c *rabbitCluster) Start(ctx context.Context) error {
	servers := make([]*service.Service, len(c.nodes))
	for i, node := range c.nodes {
		servers[i] = node.Service
	}
	return service.StartTogether(ctx, servers...)
}

// Kill kills all nodes.
func (c *rabbitCluster) Kill() {
	c.struck = c.nodes
	for _, node := range c.nodes {
		node.Kill()
	}
}

// Killed returns an error unless those that were killed last died of that.
func (c *rabbitCluster) Killed() (err error) {
	for _, node := range c.struck {
		err = errors.Join(err, node.Killed())
	}
	return err
}

// killOne kills the leader of the queue, or the first node of the others, to which
// a pipeline connects.
func (c *rabbitCluster) killOne(ctx context.Context, isLeader bool) error {
	leader, _, err := c.lookUp(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(c.nodes, func(n *rabbitNode) bool { return (n.erlang == leader) == isLeader })
	if at < 0 {
		return fmt.Errorf("the leader %q is no node of the cluster", leader)
	}
	c.struck = c.nodes[at : at+1]
	c.nodes[at].Kill()
	return c.Killed()
}

// lookUp asks which node leads the queue, and which ones have a copy.
func (c *rabbitCluster) lookUp(ctx context.Context) (leader string, members []string, err error) {
	alive := slices.IndexFunc(c.nodes, func(n *rabbitNode) bool { return n.Running() == nil })
	if alive < 0 {
		return "", nil, errors.New("no node of RabbitMQ runs")
	}
	ctl := exec.CommandContext(ctx, filepath.Join(filepath.Dir(needs.RabbitMQ.Path()), "rabbitmqctl"),
		"--node", c.nodes[alive].erlang, "--silent", "--formatter", "json", "list_queues", "name", "leader", "members")
	ctl.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range erlangEnv(c.folder, c.names.Port) {
		ctl.Env = append(ctl.Env, name+"="+value)
	}
	var said, complaint strings.Builder
	ctl.Stdout, ctl.Stderr = &said, &complaint
	if err := ctl.Run(); err != nil {
		return "", nil, fmt.Errorf("asking for the leader: %w\n%s", err, complaint.String())
	}
	var queues []struct {
		Name    string
		Leader  string
		Members json.RawMessage // is text for queues of other types
	}
	if err := json.Unmarshal([]byte(said.String()), &queues); err != nil {
		return "", nil, fmt.Errorf("asking for the leader: %w\n%s", err, said.String())
	}
	for _, q := range queues {
		if q.Name == c.queue {
			err := json.Unmarshal(q.Members, &members)
			return q.Leader, members, err
		}
	}
	return "", nil, fmt.Errorf("there is no queue %s\n%s", c.queue, said.String())
}

func (c *rabbitCluster) KeepLog(folder string) (path string, err error) {
	for _, node := range c.nodes {
		var failed error
		path, failed = node.KeepLog(folder)
		err = errors.Join(err, failed)
	}
	return path, err
}

func (c *rabbitCluster) close() { c.names.Kill() }

// feed is a queue that the second node leads, as it is the one that makes it. A
// pipeline connects to the first node, and those who publish to the last: which
// node dies says what is cut off.
func (c *rabbitCluster) feed(ctx context.Context, name string) (feed, error) {
	c.queue = name
	var doors amqpDoor
	for _, node := range c.nodes {
		doors = append(doors, node.door()...)
	}
	if err := c.nodes[1].door().declare(name, c.arguments); err != nil {
		return nil, err
	}
	_, members, err := c.lookUp(ctx)
	if err != nil {
		return nil, err
	}
	if len(members) != len(c.nodes) {
		return nil, fmt.Errorf("of %d nodes, %d have a copy of the queue", len(c.nodes), len(members))
	}
	back := slices.Clone(doors)
	slices.Reverse(back)
	return &rabbitQueue{name: name, arguments: c.arguments, reading: doors, writing: back}, nil
}
