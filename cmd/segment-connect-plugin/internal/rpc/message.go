package rpc

import (
	"errors"
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	// Registers the messages of the protocol, whose Go types are internal.
	_ "github.com/redpanda-data/connect/v4/public/plugin/go/rpcn"
)

// protocol is the package of the messages.
const protocol = "redpanda.runtime.v1alpha1"

// message is one of the protocol, by the names of its fields.
type message struct{ protoreflect.Message }

// newMessage makes an empty message. All are linked in, or no plugin would start.
func newMessage(name string) message {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(protocol + "." + name))
	if err != nil {
		panic(fmt.Sprintf("the protocol of plugins has no %s: %v", name, err))
	}
	return message{kind.New()}
}

func (m message) field(name string) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(protoreflect.Name(name))
}

// of returns a message inside.
func (m message) of(name string) message { return message{m.Get(m.field(name)).Message()} }

// mutable returns a message inside, which is there afterwards.
func (m message) mutable(name string) message {
	return message{m.Mutable(m.field(name)).Message()}
}

func (m message) set(name string, value any) {
	m.Set(m.field(name), protoreflect.ValueOf(value))
}

// which returns the field of a oneof that is there, or nil.
func (m message) which(oneof string) protoreflect.FieldDescriptor {
	return m.WhichOneof(m.Descriptor().Oneofs().ByName(protoreflect.Name(oneof)))
}

// batch reads a MessageBatch.
func (m message) batch() (service.MessageBatch, error) {
	parts := m.Get(m.field("messages")).List()
	batch := make(service.MessageBatch, parts.Len())
	for i := range batch {
		part, err := message{parts.Get(i).Message()}.part()
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
		batch[i] = part
	}
	return batch, nil
}

// part reads a Message: its payload and metadata.
func (m message) part() (*service.Message, error) {
	part := service.NewMessage(nil)
	switch kind := m.which("payload"); {
	case kind == nil:
		return nil, errors.New("it has no payload")
	case kind.Name() == "bytes":
		part.SetBytes(m.Get(kind).Bytes())
	default:
		value, err := message{m.Get(kind).Message()}.value()
		if err != nil {
			return nil, err
		}
		part.SetStructuredMut(value)
	}
	var failed error
	metadata := m.of("metadata")
	metadata.Get(metadata.field("fields")).Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
		value, err := message{v.Message()}.value()
		if err != nil {
			failed = fmt.Errorf("metadata %q: %w", key.String(), err)
			return false
		}
		part.MetaSetMut(key.String(), value)
		return true
	})
	return part, failed
}

// value reads a Value as Bloblang has it.
func (m message) value() (any, error) {
	kind := m.which("kind")
	if kind == nil {
		return nil, errors.New("a value of a kind that this plugin does not know: take a newer one")
	}
	v := m.Get(kind)
	switch kind.Name() {
	case "null_value":
		return nil, nil
	case "timestamp_value":
		at, isTime := v.Message().Interface().(*timestamppb.Timestamp)
		if !isTime {
			return nil, fmt.Errorf("a time as %s", v.Message().Descriptor().FullName())
		}
		return at.AsTime(), nil
	case "struct_value":
		return message{v.Message()}.object()
	case "list_value":
		return message{v.Message()}.list()
	default: // Texts, bytes, numbers and booleans are what they are in Go.
		return v.Interface(), nil
	}
}

func (m message) object() (any, error) {
	fields := m.Get(m.field("fields")).Map()
	object := make(map[string]any, fields.Len())
	var failed error
	fields.Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
		object[key.String()], failed = message{v.Message()}.value()
		return failed == nil
	})
	return object, failed
}

func (m message) list() (any, error) {
	values := m.Get(m.field("values")).List()
	list := make([]any, values.Len())
	for i := range list {
		var err error
		if list[i], err = (message{values.Get(i).Message()}).value(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
