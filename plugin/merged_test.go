package plugin_test

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A processor may make one message of many. When that is rejected, each of the
// many is, although the answer mentions one of them, or none.
func TestWhatIsInARejectedMessageStaysInTheJournal(t *testing.T) {
	env := service.NewEnvironment()
	require.NoError(t, env.RegisterBatchProcessor("made_anew", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchProcessor, error) { return anew{}, nil }))
	for name, processors := range map[string][]string{
		"a list":              {`archive: {format: json_array}`},
		"joined by a mapping": {`mapping: 'root = if batch_index() == 0 { json().from_all() } else { deleted() }'`},
		"lists of some":       {`mutation: 'meta half = batch_index() / 3 >= 1'`, `group_by_value: {value: '${! @half }'}`, `archive: {format: json_array}`},
		"made anew":           {`made_anew: {}`},
		// The engine gives what is left the contexts of the first ones.
		"after others are left out": {`mapping: 'root = if this == 9 { deleted() }'`},
	} {
		t.Run(name, func(t *testing.T) {
			builder := env.NewStreamBuilder()
			for _, processor := range processors {
				require.NoError(t, builder.AddProcessorYAML(processor))
			}
			taken := &digits{}
			q := startQueuedWith(t, builder, filepath.Join(t.TempDir(), "queue"), "", taken.deliver)
			var batch service.MessageBatch
			for _, n := range []int{9, 0, 1, 2, 3, 4, 5} {
				batch = append(batch, service.NewMessage([]byte(strconv.Itoa(n))))
			}
			require.NoError(t, q.send(t.Context(), batch))
			q.stop(20 * time.Second)
			assert.Subset(t, taken.all(), []string{"0", "1", "2", "3", "4", "5"})
		})
	}
}

// anew makes a new message of each, but the last.
type anew struct{}

func (anew) ProcessBatch(_ context.Context, batch service.MessageBatch) ([]service.MessageBatch, error) {
	for i, message := range batch[:len(batch)-1] {
		content, err := message.AsBytes()
		if err != nil {
			return nil, err
		}
		batch[i] = service.NewMessage(content)
	}
	return []service.MessageBatch{batch}, nil
}

func (anew) Close(context.Context) error { return nil }

// digits is an output that rejects the first message it is given, and keeps the
// digits of the others.
type digits struct {
	mu       sync.Mutex
	rejected bool
	taken    []string
}

func (d *digits) deliver(_ context.Context, batch service.MessageBatch) (answer error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, message := range batch {
		if !d.rejected {
			d.rejected = true
			why := errors.New("too large")
			answer = service.NewBatchError(batch, why).Failed(i, why)
			continue
		}
		content, err := message.AsBytes()
		if err != nil {
			return err
		}
		d.taken = append(d.taken, regexp.MustCompile(`\d`).FindAllString(string(content), -1)...)
	}
	return answer
}

// all are the digits, each once, in order.
func (d *digits) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(d.taken)))
}
