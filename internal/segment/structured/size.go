package structured

import "encoding/json"

// What the parts of a value take up beside the bytes of their texts. Go keeps
// the members of an object in groups of eight, of which one place stays empty.
const (
	objectBytes = 48
	groupBytes  = 272
	groupPlaces = 7
	// elementBytes is a value in an array, textBytes and numberBytes what it
	// points at.
	elementBytes = 16
	textBytes    = 16
	numberBytes  = 8
)

// SizeOf estimates how many bytes of memory a value takes up. That is several
// times its size as JSON, and more than ten times where it is made of small
// objects.
func SizeOf(value any) int {
	switch value := value.(type) {
	case nil, bool:
		return 0
	case string:
		return textBytes + len(value)
	case json.Number:
		return textBytes + len(value)
	case []byte:
		return textBytes + len(value)
	case map[string]any:
		return sizeOfObject(value)
	case []any:
		size := textBytes + elementBytes*len(value)
		for _, element := range value {
			size += SizeOf(element)
		}
		return size
	default:
		return numberBytes
	}
}

func sizeOfObject(object map[string]any) int {
	size := objectBytes + groupBytes*(1+len(object)/groupPlaces)
	for key, value := range object {
		size += len(key) + SizeOf(value)
	}
	return size
}
