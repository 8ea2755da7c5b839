package runner

import (
	"slices"
	"testing"

	"benthos-segment/bench/internal/contender"
)

func TestWhatOthersAreComparedWithRunsBetweenThem(t *testing.T) {
	all := make([]contender.Contender, 15)
	all[0].IsMeasure = true

	order := turns(all)

	if want := []int{0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12, 13, 0, 14}; !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
}
