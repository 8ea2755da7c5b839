package tracking

// spare keeps things with large buffers for their next use. A sync.Pool would
// lose them in every other garbage collection, of which a busy sender sees
// several for each batch.
type spare[T any] struct {
	kept  chan T
	fresh func() T
}

// newSpare returns a spare that keeps so many things at most.
func newSpare[T any](most int, fresh func() T) spare[T] {
	return spare[T]{kept: make(chan T, most), fresh: fresh}
}

func (s spare[T]) take() T {
	select {
	case thing := <-s.kept:
		return thing
	default:
		return s.fresh()
	}
}

func (s spare[T]) give(thing T) {
	select {
	case s.kept <- thing:
	default:
	}
}
