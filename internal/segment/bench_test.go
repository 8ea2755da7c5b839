package segment_test

import (
	"testing"

	"benthos-segment/internal/segment"
)

func BenchmarkConvert(b *testing.B) {
	for _, sdk := range []string{"rudder-analytics-js-default", "rudder-sdk-node", "segment-analytics-next"} {
		b.Run(sdk, func(b *testing.B) {
			events, _ := captured(b, sdk+".events.ndjson")
			converter := segment.NewConverter(segment.Config{
				LibraryName: "benthos-segment", LibraryVersion: "1.0.0",
				NewID: func() string { return "fresh" }, MaxCallBytes: 32000,
			})
			calls := make([]segment.Call, 0, 1)
			bytesIn := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				event := events[i%len(events)]
				bytesIn += len(event)
				if i%1000 == 0 {
					converter.Reset()
				}
				var v *segment.Violation
				calls, _, v = converter.Convert(calls[:0], event, segment.Source{WriteKey: "key"})
				if v != nil {
					b.Fatal(v)
				}
			}
			b.SetBytes(int64(bytesIn / b.N))
		})
	}
}
