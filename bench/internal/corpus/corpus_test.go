package corpus

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestEventsAreValidAndAsLargeAsRealOnes(t *testing.T) {
	shape := Shape{Events: 20_000}
	maker, kinds := newMaker(shape), map[string]int{}
	for index := range shape.Events {
		var event struct{ Type string }
		if err := json.Unmarshal(maker.append(nil, index), &event); err != nil {
			t.Fatal(err)
		}
		kinds[event.Type]++
	}
	if len(kinds) != 6 {
		t.Errorf("there are calls of %d types: %v", len(kinds), kinds)
	}
	sizes := Measure(shape)
	t.Logf("%+v", sizes)
	if sizes.Mean < 1350 || sizes.Mean > 1650 || sizes.P99 < 1800 || sizes.P99 > 2300 || sizes.Max < 8_000 {
		t.Errorf("the sizes are %+v", sizes)
	}
}

func TestTheSameShapeGivesTheSameFile(t *testing.T) {
	var texts []string
	for range 2 {
		path, err := File(t.TempDir(), Shape{Events: 700}, Batched)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	if texts[0] != texts[1] {
		t.Error("the files differ")
	}
	if records := strings.Count(texts[0], "\n\n") + 1; records != 3 || strings.HasSuffix(texts[0], "\n") {
		t.Errorf("there are %d records", records)
	}
}

func TestASizedEventHasItsSize(t *testing.T) {
	for _, size := range []int{300, 1000, 31_000} {
		sizes := Measure(Shape{Events: 100, Bytes: size})
		if sizes.Max > size || sizes.Mean < size-130 {
			t.Errorf("events of %d bytes have %+v", size, sizes)
		}
	}
}
