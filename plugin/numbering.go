package plugin

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
func offer(t *turnstile) string {
	id := fmt.Sprint(turnstiles.count.Add(1))
	turnstiles.byID.Store(id, t)
	return id
}

func claim(id string) (*turnstile, bool) {
	t, exists := turnstiles.byID.LoadAndDelete(id)
	if !exists {
		return nil, false
	}
	return t.(*turnstile), true
}

// numbering gives each batch that a policy has gathered its number.
type numbering struct{ turnstile *turnstile }

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
func (n numbering) ProcessBatch(_ context.Context, batch service.MessageBatch) ([]service.MessageBatch, error) {
	n.turnstile.number(batch)
	return []service.MessageBatch{batch}, nil
}

// Close has nothing to do.
func (numbering) Close(context.Context) error { return nil }

// numbered returns the policy with a processor behind the user's own that
// numbers batches for the turnstile. It fails where the environment of the
// stream leaves that processor out, or has processors that no other has.
func numbered(policy service.BatchPolicy, conf *service.ParsedConfig, res *service.Resources, t *turnstile) (service.BatchPolicy, error) {
	if err := canNumber(res); err != nil {
		return policy, err
	}
	processors, err := userProcessors(conf)
	if err != nil {
		return policy, err
	}
	id := offer(t)
	extended, err := policyOf(append(processors, numberingConfig(id)))
	if err != nil {
		claim(id)
		return policy, err
	}
	extended.Count, extended.ByteSize = policy.Count, policy.ByteSize
	extended.Check, extended.Period = policy.Check, policy.Period
	return extended, nil
}

// canNumber makes the processor once, in the environment of the stream, which
// is otherwise only done when it is too late to do without.
func canNumber(res *service.Resources) error {
	id := offer(new(turnstile))
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
	text, err := yaml.Marshal(map[string]any{soFieldBatching: map[string]any{"processors": processors}})
	if err != nil {
		return service.BatchPolicy{}, fmt.Errorf("writing the processors of %s: %w", soFieldBatching, err)
	}
	spec := service.NewConfigSpec().Field(service.NewBatchPolicyField(soFieldBatching))
	parsed, err := spec.ParseYAML(string(text), nil)
	if err != nil {
		return service.BatchPolicy{}, err
	}
	return parsed.FieldBatchPolicy(soFieldBatching)
}

// userProcessors returns the configs of the processors in the user's policy.
func userProcessors(conf *service.ParsedConfig) ([]any, error) {
	if !conf.Contains(soFieldBatching, "processors") {
		return nil, nil
	}
	list, err := conf.FieldAnyList(soFieldBatching, "processors")
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
