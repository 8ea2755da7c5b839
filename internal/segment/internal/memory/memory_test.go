package memory_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment/internal/memory"
)

func TestWhatIsKeptIsBoundedInBytes(t *testing.T) {
	assert.Equal(t, 256<<10, cap(memory.Keep(make([]byte, 10, 256<<10))))
	assert.Zero(t, cap(memory.Keep(make([]byte, 10, 256<<10+1))))
	assert.Equal(t, 32<<10, cap(memory.Keep(make([]uint64, 10, 32<<10))))
	assert.Zero(t, cap(memory.Keep(make([]uint64, 10, 32<<10+1))))
	assert.Empty(t, memory.Keep([]string{"a"}))
}

func TestForgottenElementsPointToNothing(t *testing.T) {
	list := memory.Forget([][]byte{[]byte("payload"), []byte("of somebody")}[:1])
	assert.Empty(t, list)
	assert.Equal(t, [][]byte{nil, nil}, list[:2])
}

func TestAnArenaUsesItsChunksAgain(t *testing.T) {
	var arena memory.Arena
	first := append(arena.Reserve(3), "abc"...)
	arena.Commit(first)
	second := append(arena.Reserve(3), "def"...)
	arena.Commit(second)
	assert.Equal(t, "abcdef", string(second), "calls are written one after the other")

	arena.Reset()
	third := append(arena.Reserve(3), "ghi"...)
	assert.Same(t, &first[0], &third[0])
}

func TestAnArenaTakesACallOfAnySize(t *testing.T) {
	var arena memory.Arena
	assert.GreaterOrEqual(t, cap(arena.Reserve(1<<20)), 1<<20)
}
