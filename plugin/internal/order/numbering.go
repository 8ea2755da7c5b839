package order

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// numberingName is the processor that numbers batches. An output adds it to its
// own batch policy. It is deprecated, so that lists and docs leave it out.
const (
	numberingName           = "segment_batch_number"
	numberingFieldTurnstile = "turnstile"
)

func init() {
	service.MustRegisterBatchProcessor(numberingName, service.NewConfigSpec().
		Deprecated().
		Summary("A part of the output `segment`, which adds it to its own `batching`. It is of no use in a config.").
		Field(service.NewStringField(numberingFieldTurnstile)), newNumbering)
}

// turnstiles hands the turnstile of an output over to the processor in its
// policy, which the engine makes of nothing but a config.
var turnstiles struct {
	count atomic.Uint64
	byID  sync.Map
}

// offer returns an id under which a turnstile can be claimed once.
func offer(t *Turnstile) string {
	id := fmt.Sprint(turnstiles.count.Add(1))
	turnstiles.byID.Store(id, t)
	return id
}

func claim(id string) (*Turnstile, bool) {
	t, exists := turnstiles.byID.LoadAndDelete(id)
	if !exists {
		return nil, false
	}
	return t.(*Turnstile), true
}

// numbering gives each batch that a policy has gathered its number, as soon as
// it may go on. While it waits, the engine gathers nothing.
type numbering struct{ turnstile *Turnstile }

func newNumbering(conf *service.ParsedConfig, _ *service.Resources) (service.BatchProcessor, error) {
	id, err := conf.FieldString(numberingFieldTurnstile)
	if err != nil {
		return nil, err
	}
	t, exists := claim(id)
	if !exists {
		return nil, fmt.Errorf("processor %s is a part of the output segment, which adds it by itself: remove it from the config",
			numberingName)
	}
	return numbering{t}, nil
}

// ProcessBatch numbers a batch and leaves it as it is otherwise.
func (n numbering) ProcessBatch(ctx context.Context, batch service.MessageBatch) ([]service.MessageBatch, error) {
	n.turnstile.await(ctx, batch)
	n.turnstile.number(batch)
	return []service.MessageBatch{batch}, nil
}

// Close has nothing to do.
func (numbering) Close(context.Context) error { return nil }

// Numbered returns the policy of a field with a processor after the user's own
// that numbers batches, and the turnstile that it numbers them for. Before that
// it calls await, which says when there is room for one more. Numbered fails
// where the environment of the stream leaves that processor out, or has
// processors that no other has.
func Numbered(policy service.BatchPolicy, conf *service.ParsedConfig, field string, res *service.Resources, await Await) (
	service.BatchPolicy, *Turnstile, error,
) {
	if err := canNumber(res); err != nil {
		return policy, nil, err
	}
	processors, err := userProcessors(conf, field)
	if err != nil {
		return policy, nil, err
	}
	t := &Turnstile{await: await}
	id := offer(t)
	extended, err := policyOf(append(processors, numberingConfig(id)))
	if err != nil {
		claim(id)
		return policy, nil, err
	}
	extended.Count, extended.ByteSize = policy.Count, policy.ByteSize
	extended.Check, extended.Period = policy.Check, policy.Period
	return extended, t, nil
}

// canNumber makes the processor once, in the environment of the stream, which
// is otherwise only done when it is too late to do without.
func canNumber(res *service.Resources) error {
	id := offer(new(Turnstile))
	// Where it was made, it has been claimed.
	defer claim(id)
	policy, err := policyOf([]any{numberingConfig(id)})
	if err != nil {
		return err
	}
	policy.Count = 1
	trial, err := policy.NewBatcher(res)
	if err != nil {
		return err
	}
	return trial.Close(context.Background())
}

func numberingConfig(id string) any {
	return map[string]any{numberingName: map[string]any{numberingFieldTurnstile: id}}
}

// policyOf returns a policy that has nothing but processors.
func policyOf(processors []any) (service.BatchPolicy, error) {
	const field = "policy"
	text, err := yaml.Marshal(map[string]any{field: map[string]any{"processors": processors}})
	if err != nil {
		return service.BatchPolicy{}, fmt.Errorf("writing the processors: %w", err)
	}
	spec := service.NewConfigSpec().Field(service.NewBatchPolicyField(field))
	parsed, err := spec.ParseYAML(string(text), nil)
	if err != nil {
		return service.BatchPolicy{}, err
	}
	return parsed.FieldBatchPolicy(field)
}

// userProcessors returns the configs of the processors in the user's policy.
func userProcessors(conf *service.ParsedConfig, field string) ([]any, error) {
	if !conf.Contains(field, "processors") {
		return nil, nil
	}
	list, err := conf.FieldAnyList(field, "processors")
	if err != nil {
		return nil, err
	}
	processors := make([]any, 0, len(list)+1)
	for _, processor := range list {
		config, err := processor.FieldAny()
		if err != nil {
			return nil, err
		}
		if node, ok := config.(*yaml.Node); ok {
			config = withoutAliases(node)
		}
		processors = append(processors, config)
	}
	return processors, nil
}

// withoutAliases puts into the place of each alias what it stands for, which
// may be outside of the part of the config that is written again.
func withoutAliases(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return withoutAliases(node.Alias)
	}
	plain := *node
	plain.Anchor = ""
	plain.Content = make([]*yaml.Node, len(node.Content))
	for i, part := range node.Content {
		plain.Content[i] = withoutAliases(part)
	}
	return &plain
}
