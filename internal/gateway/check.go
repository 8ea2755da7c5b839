package gateway

import (
	"net/http"
	"sync"

	"benthos-segment/internal/segment"
)

// converters try what the output will do to an event.
var converters = sync.Pool{New: func() any {
	return segment.NewConverter(segment.Config{
		LibraryName: "-", MaxCallBytes: segment.DefaultMaxCallBytes, NewID: func() string { return "-" },
	})
}}

// refusalOf says why an event cannot become a call, nil if it can. Whoever sent
// it alone is told, and gives it up; it is handed out like any other.
func refusalOf(event *Event) *answer {
	converter := converters.Get().(*segment.Converter)
	defer converters.Put(converter)
	defer converter.Reset()
	_, _, v := converter.Convert(nil, event.Content, segment.Provenance{WriteKey: event.WriteKey})
	if v == nil {
		return nil
	}
	return refuse(http.StatusBadRequest, string(v.Reason), v.Sentence)
}
